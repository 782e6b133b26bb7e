import type { MessageParam } from '../../model/model.js';

type Block = Exclude<NonNullable<MessageParam['content']>, string>[number];
/** Beside those of messages, the ones that only results hold. */
type AnyBlock = Block | Exclude<NonNullable<Extract<Block, { type: 'tool_result' }>['content']>, string>[number];

/** About what a picture costs, whatever its size on the wire. */
const IMAGE_TOKENS = 1_600;
const FEWEST_PDF_TOKENS = 2_000;
const PDF_BYTES_PER_TOKEN = 50;
/** What a message or a block costs beside its text. */
const FRAME_TOKENS = 5;

/** About how many tokens these messages are; only good in comparison, or once it is measured against a real count. */
export function estimateTokens(messages: MessageParam[]): number {
  return messages.reduce((sum, { content }) => {
    const blocks = typeof content === 'string' ? [textBlock(content)] : (content ?? []);
    return sum + FRAME_TOKENS + blocks.reduce((tokens, block) => tokens + estimateBlock(block), 0);
  }, 0);
}

function textBlock(text: string): AnyBlock {
  return { type: 'text', text };
}

/** About how many tokens one block is. */
function estimateBlock(block: AnyBlock): number {
  if (block.type === 'text') return FRAME_TOKENS + textTokens(block.text);
  if (block.type === 'image') return IMAGE_TOKENS;
  if (block.type === 'document') return documentTokens(block);
  if (block.type !== 'tool_result') return FRAME_TOKENS + textTokens(JSON.stringify(block));
  const { content = [] } = block;
  const parts = typeof content === 'string' ? [textBlock(content)] : content;
  return FRAME_TOKENS + parts.reduce((sum, part) => sum + estimateBlock(part), 0);
}

function documentTokens(block: Extract<Block, { type: 'document' }>): number {
  const { source } = block;
  if (source.type !== 'base64') return FRAME_TOKENS + textTokens(JSON.stringify(block));
  return Math.max(FEWEST_PDF_TOKENS, Math.round(source.data.length / PDF_BYTES_PER_TOKEN));
}

const CHARACTERS_PER_TOKEN = 4;
/** Scripts beyond ASCII have shorter tokens. */
const WIDE_PER_TOKEN = 1.3;

function textTokens(text: string): number {
  let wide = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 127) wide += 1;
  return (text.length - wide) / CHARACTERS_PER_TOKEN + wide / WIDE_PER_TOKEN;
}
