import type { MessageParam } from '../../model/model.js';
import type { ContentParam } from '../context/blocks.js';
import { estimateTokens } from './size.js';

type Block = Exclude<NonNullable<MessageParam['content']>, string>[number];
/** Beside those of messages, the ones that only results hold. */
type AnyBlock = Block | Exclude<NonNullable<Extract<Block, { type: 'tool_result' }>['content']>, string>[number];

const LONGEST_TEXT = 65_536;
const SHORTEST_TEXT = 64;

/**
 * The same messages in at most about so many tokens: pictures and files give way to a word that they were there, then
 * long texts lose their middle, the longest most. Calls and results stay in their places. Already small ones stay as
 * they are; ones with a great many blocks may stay larger.
 */
export function shorten(messages: MessageParam[], tokens: number): MessageParam[] {
  let short = messages;
  for (let most = LONGEST_TEXT; estimateTokens(short) > tokens && most >= SHORTEST_TEXT; most /= 2) {
    short = messages.map((message) => shortenMessage(message, most));
  }
  return short;
}

/** As `shorten`, for what one user's message says. */
export function shortenContent(content: ContentParam[], tokens: number): ContentParam[] {
  const [message] = shorten([{ role: 'user', content }], tokens);
  // What comes out of a list of such blocks is one.
  return (message?.content ?? []) as ContentParam[];
}

function shortenMessage(message: MessageParam, most: number): MessageParam {
  const { content } = message;
  if (content === undefined) return message;
  const short = typeof content === 'string' ? cut(content, most) : content.map((block) => shortenBlock(block, most));
  // Each block's replacement may stand where it stood.
  return { ...message, content: short } as MessageParam;
}

function shortenBlock(block: AnyBlock, most: number): AnyBlock {
  if (block.type === 'text') return text(cut(block.text, most));
  if (block.type === 'image') return text('[An image was here.]');
  if (block.type === 'document') return text(shortenDocument(block, most));
  if (block.type === 'search_result') {
    return text(`[A search result was here: ${cut(`${block.title}, ${block.source}`, most)}]`);
  }
  if (block.type === 'tool_use') return { ...block, input: cutWithin(block.input, most) };
  // Thoughts are signed as they are, and a server's own blocks are its own.
  if (block.type !== 'tool_result' || block.content === undefined) return block;
  const { content } = block;
  const parts = typeof content === 'string' ? cut(content, most) : content.map((part) => shortenBlock(part, most));
  // Texts stand wherever pictures and files do.
  return { ...block, content: parts } as Block;
}

function text(value: string): AnyBlock {
  return { type: 'text', text: value };
}

function shortenDocument({ source, title }: Extract<Block, { type: 'document' }>, most: number): string {
  const note = `[A document was here${title ? `: ${cut(title, most)}` : ''}.]`;
  return source.type === 'text' ? `${note}\n${cut(source.data, most)}` : note;
}

function cutWithin(value: unknown, most: number): unknown {
  if (typeof value === 'string') return cut(value, most);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => cutWithin(item, most));
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, cutWithin(field, most)]));
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters were left out here …]\n${text.slice(-half)}`;
}
