import { noteCompaction } from './crowding.js';
import { fail } from './failing.js';
import type { CompactResult } from './activity-results.js';
import type { CompactInput } from './protocol.js';
import { emit, emitSummary, type Thread } from './state.js';
import { endRequest } from './turn.js';

/** What the compaction is asked for, its request having begun. */
export function compactInput({ state }: Thread): CompactInput {
  const { tokens, refused, compactions } = state.context;
  const { session_id, seq: up_to, self_hosted } = state;
  const input = { session_id, up_to, tokens: refused ? 0 : tokens, tries: compactions };
  return { ...input, ...(self_hosted ? { self_hosted } : {}) };
}

/** Takes in what the compaction came to: from its entry on, the model is told the summary in place of the beginning. */
export function endCompaction(thread: Thread, spanId: string, activity: string, result: CompactResult): void {
  const { turn } = thread.state;
  if (turn === null) throw new Error('No turn is under way.');
  if (result.type === 'summary') {
    emitSummary(thread, { activity }, result.through);
    emit(thread, { type: 'agent.thread_context_compacted' });
  }
  endRequest(thread, spanId, result, result.type === 'failed');
  if (result.type === 'summary') turn.failures = 0;
  // One that is itself too long counts as one that did not help: the next keeps less.
  if (result.type === 'summary' || isTooLong(result)) noteCompaction(thread.state);
  if (result.type === 'failed') fail(thread, turn, result.error);
}

function isTooLong(result: CompactResult): boolean {
  return result.type === 'failed' && result.error.too_long === true;
}
