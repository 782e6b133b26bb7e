import type Anthropic from '@anthropic-ai/sdk';
import type { MessageParam } from './model.js';

type Block = Anthropic.Beta.BetaContentBlockParam;
type ToolResult = Anthropic.Beta.BetaToolResultBlockParam;
type Document = Anthropic.Beta.BetaRequestDocumentBlock;
type Image = Anthropic.Beta.BetaImageBlockParam;

export type ChatPart = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } };

export type ChatMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: string | ChatPart[] }
  | { role: 'assistant'; content: string | null; tool_calls?: ChatCall[] }
  | { role: 'tool'; tool_call_id: string; content: string };

export interface ChatCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/**
 * The messages of a conversation as chat completions has them. Tool results become messages of their own, which carry text
 * only: their images follow in the user's message after them. Thoughts are left out, for no server wants them back.
 * What has no place there is a note in its own place: a failure would come back with every later request of the session.
 */
export function toChatMessages(messages: MessageParam[]): ChatMessage[] {
  return messages.flatMap((message): ChatMessage[] => {
    const blocks = blocksOf(message);
    switch (message.role) {
      case 'system':
        return [{ role: 'system', content: textOf(blocks) }];
      case 'assistant':
        return [fromAssistant(blocks)];
      case 'user':
        return fromUser(blocks);
      default:
        throw new Error(`no such role: ${JSON.stringify(message satisfies never)}`);
    }
  });
}

function blocksOf({ content }: MessageParam): Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content ?? [];
}

function textOf(blocks: Block[]): string {
  return blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n\n');
}

function fromAssistant(blocks: Block[]): ChatMessage {
  const content = textOf(blocks);
  const calls = blocks.flatMap((block): ChatCall[] => (block.type === 'tool_use' ? [toCall(block)] : []));
  if (calls.length === 0) return { role: 'assistant', content };
  return { role: 'assistant', content: content === '' ? null : content, tool_calls: calls };
}

function toCall({ id, name, input }: Anthropic.Beta.BetaToolUseBlockParam): ChatCall {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

function fromUser(blocks: Block[]): ChatMessage[] {
  const results = blocks.filter((block) => block.type === 'tool_result').map(fromResult);
  const own = blocks.filter((block) => block.type !== 'tool_result').flatMap((block) => toParts(block));
  const parts = [...results.flatMap((result) => result.images), ...own];
  return [...results.map((result) => result.message), ...(parts.length > 0 ? [userMessage(parts)] : [])];
}

/** A list only where there is an image: some servers and chat templates take nothing but a string. */
function userMessage(parts: ChatPart[]): ChatMessage {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return { role: 'user', content: texts.length === parts.length ? texts.join('\n\n') : parts };
}

function fromResult(result: ToolResult): { message: ChatMessage; images: ChatPart[] } {
  const { tool_use_id, is_error, content = '' } = result;
  const parts = typeof content === 'string' ? [textPart(content)] : content.flatMap((block) => toParts(block));
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const images = parts.filter((part) => part.type === 'image_url');
  const text = [...(is_error === true ? ['The tool failed:'] : []), ...texts, ...noteOf(images)].join('\n');
  return {
    message: { role: 'tool', tool_call_id: tool_use_id, content: text },
    images: images.length > 0 ? [textPart(`What the tool call ${tool_use_id} showed:`), ...images] : [],
  };
}

function noteOf(images: ChatPart[]): string[] {
  return images.length > 0 ? ['(Its images are in the next message.)'] : [];
}

function toParts(block: Block | ResultPart): ChatPart[] {
  if (!isSendable(block)) return [];
  switch (block.type) {
    case 'text':
      return [textPart(block.text)];
    case 'image':
      return [fromImage(block.source)];
    case 'document':
      return fromDocument(block);
    case 'search_result':
      return [textPart(quote('search_result', { source: block.source, title: block.title }, textOf(block.content)))];
    default:
      throw new Error(`no such block: ${JSON.stringify(block satisfies never)}`);
  }
}

type Sendable = Extract<Block, { type: 'text' | 'image' | 'document' | 'search_result' }>;

const SENDABLE = new Set<string>(['text', 'image', 'document', 'search_result'] satisfies Sendable['type'][]);

/** Blocks of other kinds are about tools that another API runs itself: they are left out. */
function isSendable(block: Block | ResultPart): block is Sendable {
  return SENDABLE.has(block.type);
}

type ResultPart = Exclude<NonNullable<ToolResult['content']>, string>[number];

function textPart(text: string): ChatPart {
  return { type: 'text', text };
}

function fromImage(source: Image['source']): ChatPart {
  switch (source.type) {
    case 'base64':
      return imagePart(`data:${source.media_type};base64,${source.data}`);
    case 'url':
      return imagePart(source.url);
    case 'file':
      return note('an image by file id');
    default:
      throw new Error(`no such source: ${JSON.stringify(source satisfies never)}`);
  }
}

function imagePart(url: string): ChatPart {
  return { type: 'image_url', image_url: { url } };
}

function note(what: string): ChatPart {
  return textPart(`(Here was ${what}, which cannot be shown to this model.)`);
}

function fromDocument({ source, title, context }: Document): ChatPart[] {
  const heading = { ...(title ? { title } : {}), ...(context ? { context } : {}) };
  if (source.type === 'text') return [textPart(quote('document', heading, source.data))];
  if (source.type === 'content') {
    if (typeof source.content === 'string') return [textPart(quote('document', heading, source.content))];
    return source.content.flatMap((part) => toParts(part));
  }
  return [note(source.type === 'file' ? 'a document by file id' : 'a PDF document')];
}

function quote(kind: string, attributes: Record<string, string>, text: string): string {
  const list = Object.entries(attributes).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `<${kind}${list.join('')}>\n${text}\n</${kind}>`;
}
