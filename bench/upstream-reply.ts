import { createHmac, randomBytes } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import type { ContentBlock } from '../src/model/model.js';
import { usageOf, type WholeReply } from '../src/model/stream-events.js';

type Message = Anthropic.Beta.BetaMessage;

/** What the upstream answers one request with. Without anything it says "hello" at once. */
export interface UpstreamReply {
  blocks?: UpstreamBlock[];
  /** Default: `tool_use` when there is a call, else `end_turn`. */
  stop_reason?: Message['stop_reason'];
  stop_details?: Pick<NonNullable<Message['stop_details']>, 'category' | 'explanation'>;
  usage?: Partial<Message['usage']>;
  /** Silence before the first token, headers and `message_start` having been sent. */
  firstTokenMs?: number;
  /** Time between pieces of content; text has a piece for each word. */
  tokenMs?: number;
  /** Between the message's last event and the end of the response's body. */
  endMs?: number;
  /** At the end of max_tokens: the last call's input breaks off after so many characters. */
  tornAfter?: number;
  /** An HTTP error in place of a reply. */
  error?: { status: number; type?: string; message?: string; error_code?: string; headers?: Record<string, string> };
  /** What it waits for after so many stream events. */
  pauseAfter?: { events: number; until: Promise<unknown> };
  /** What goes wrong after so many stream events. */
  breakAfter?: { events: number; how: Breakage };
}

/** `cut`: the connection is reset. `end`: the body ends early. `stall`: nothing more comes. An error: `event: error`. */
export type Breakage = 'cut' | 'end' | 'stall' | { type: string; message: string };

export type UpstreamBlock =
  | { type: 'text'; text: string }
  /** Signed here; it must come back unchanged. */
  | { type: 'thinking'; thinking: string }
  | { type: 'tool_use'; name: string; input: Record<string, unknown>; id?: string }
  /** Any other block, as it is. */
  | { type: 'block'; block: ContentBlock };

/** Text of so many tokens, a word each. */
export function words(count: number): UpstreamBlock {
  return { type: 'text', text: Array.from({ length: count }, (_, index) => `w${index}`).join(' ') };
}

const SIGNING_KEY = 'upstream';

/** The signature that this upstream gives a thought. */
export function sign(thinking: string): string {
  return createHmac('sha256', SIGNING_KEY).update(thinking).digest('base64');
}

const HELLO: UpstreamBlock[] = [{ type: 'text', text: 'hello' }];

/** The message that a reply describes, with ids of its own. */
export function toWholeReply(reply: UpstreamReply, model: string, inputTokens: number): WholeReply {
  const content = (reply.blocks ?? HELLO).map(toBlock);
  const hasCall = content.some((block) => block.type === 'tool_use');
  return {
    id: `msg_${id()}`,
    model,
    content,
    stop_reason: reply.stop_reason ?? (hasCall ? 'tool_use' : 'end_turn'),
    stop_details: reply.stop_details ? toStopDetails(reply.stop_details) : null,
    usage: usageOf({ input_tokens: inputTokens, output_tokens: countTokens(content), ...reply.usage }),
    ...(reply.tornAfter === undefined ? {} : { tornAfter: reply.tornAfter }),
  };
}

function id(): string {
  return randomBytes(12).toString('hex');
}

function toBlock(block: UpstreamBlock): ContentBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, citations: null };
    case 'thinking':
      return { type: 'thinking', thinking: block.thinking, signature: sign(block.thinking) };
    case 'tool_use':
      return { type: 'tool_use', id: block.id ?? `toolu_${id()}`, name: block.name, input: block.input };
    case 'block':
      return block.block;
    default:
      throw new Error(`no such block: ${JSON.stringify(block satisfies never)}`);
  }
}

function toStopDetails(details: NonNullable<UpstreamReply['stop_details']>): NonNullable<Message['stop_details']> {
  return {
    type: 'refusal',
    ...details,
    fallback_credit_token: null,
    fallback_has_prefill_claim: null,
    recommended_model: null,
  };
}

function countTokens(content: ContentBlock[]): number {
  return content.reduce((sum, block) => sum + ('text' in block ? block.text.split(' ').length : 20), 0);
}
