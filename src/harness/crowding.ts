import type { SampleInterrupted, SampleReply } from './activity-results.js';

/** What is known of a conversation's length. */
export interface ContextSize {
  /** What the last request and its reply came to; 0 when that is not known. */
  tokens: number;
  /** The model's window; 0 when that is not known. */
  window: number;
  /** What the first request after the last compaction came to: about the least that there can be. */
  least: number;
  /** The last request was refused for its length. */
  refused: boolean;
  /** Compactions since the model last said something. */
  compactions: number;
}

/** What bears it: a thread's state. */
interface Sized {
  context: ContextSize;
}

export const UNKNOWN_SIZE: ContextSize = { tokens: 0, window: 0, least: 0, refused: false, compactions: 0 };

/** Compactions in a row that bring no message and no call: after them the turn is given up. */
export const MOST_COMPACTIONS = 3;
const CROWDED_SHARE = 0.8;

/** Whether the conversation is to be made shorter before the next request. */
export function isCrowded({ context }: Sized): boolean {
  const { tokens, window, least, refused, compactions } = context;
  if (compactions >= MOST_COMPACTIONS) return false;
  // One that compaction does not bring below the threshold is not compacted at every request.
  const threshold = Math.max(CROWDED_SHARE * window, (least + window) / 2);
  return refused || (window > 0 && tokens >= threshold);
}

/** Takes in how long the conversation is now, and whether something was said. */
export function noteReply(state: Sized, result: SampleReply | SampleInterrupted): void {
  const { usage, content } = result;
  const tokens =
    usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens + usage.output_tokens;
  const before = state.context;
  const says = content.some((block) => block.type === 'tool_use' || (block.type === 'text' && block.text !== ''));
  state.context = {
    tokens: tokens > 0 ? tokens : before.tokens,
    window: (result.type === 'reply' ? result.window : undefined) ?? before.window,
    least: before.least > 0 ? before.least : tokens,
    refused: false,
    compactions: says ? 0 : before.compactions,
  };
}

/** The conversation is a new one, of unknown length. */
export function noteCompaction({ context }: Sized): void {
  Object.assign(context, { ...UNKNOWN_SIZE, window: context.window, compactions: context.compactions + 1 });
}
