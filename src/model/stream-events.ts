import type Anthropic from '@anthropic-ai/sdk';
import type { ContentBlock } from './model.js';
import type { StreamEvent } from './reply.js';

type Message = Anthropic.Beta.BetaMessage;
type Usage = Anthropic.Beta.BetaUsage;
type Delta = Anthropic.Beta.BetaRawContentBlockDelta;

/** A reply as it is known before it is told. */
export interface WholeReply {
  id: string;
  model: string;
  content: ContentBlock[];
  stop_reason: Message['stop_reason'];
  stop_details: Message['stop_details'];
  usage: Usage;
  /** The last block's tool input breaks off after so many characters, as at the token limit. */
  tornAfter?: number;
}

/** The message without content, as `message_start` carries it. */
export function emptyMessage(reply: WholeReply): Message {
  return {
    id: reply.id,
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    context_management: null,
    diagnostics: null,
    usage: { ...reply.usage, output_tokens: 1 },
  };
}

/** Usage with everything that was not counted empty. */
export function usageOf(counts: Partial<Usage> & Pick<Usage, 'input_tokens' | 'output_tokens'>): Usage {
  return {
    cache_creation: null,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    fallback_credit: null,
    inference_geo: null,
    iterations: null,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    speed: null,
    ...counts,
  };
}

/** Tells a reply as the Messages API streams it, its text in the pieces that `split` makes. */
export function* streamEvents(reply: WholeReply, split: (text: string) => string[]): Generator<StreamEvent> {
  yield { type: 'message_start', message: emptyMessage(reply) };
  for (const [index, block] of reply.content.entries()) {
    const isLast = index === reply.content.length - 1;
    yield { type: 'content_block_start', index, content_block: opening(block) };
    for (const delta of deltas(block, split, isLast ? reply.tornAfter : undefined)) {
      yield { type: 'content_block_delta', index, delta };
    }
    yield { type: 'content_block_stop', index };
  }
  yield {
    type: 'message_delta',
    context_management: null,
    delta: {
      container: null,
      stop_reason: reply.stop_reason,
      stop_sequence: null,
      stop_details: reply.stop_details,
    },
    usage: reply.usage,
  };
  yield { type: 'message_stop' };
}

function opening(block: ContentBlock): ContentBlock {
  if (block.type === 'text') return { ...block, text: '', citations: block.citations?.length ? [] : null };
  if (block.type === 'thinking') return { ...block, thinking: '', signature: '' };
  return 'input' in block ? { ...block, input: {} } : block;
}

function* deltas(block: ContentBlock, split: (text: string) => string[], tornAfter?: number): Generator<Delta> {
  if (block.type === 'text') {
    for (const text of split(block.text)) yield { type: 'text_delta', text };
    for (const citation of block.citations ?? []) yield { type: 'citations_delta', citation };
  } else if (block.type === 'thinking') {
    for (const thinking of split(block.thinking)) yield { type: 'thinking_delta', thinking, estimated_tokens: null };
    yield { type: 'signature_delta', signature: block.signature };
  } else if ('input' in block) {
    yield { type: 'input_json_delta', partial_json: '' };
    for (const partial_json of split(JSON.stringify(block.input).slice(0, tornAfter))) {
      yield { type: 'input_json_delta', partial_json };
    }
  }
}
