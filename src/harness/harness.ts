import type { ThreadState, ToolCall } from './state.js';

/** What a thread does next. The workflow carries it out and reports back through `turn.ts`. */
export type Step =
  /** Nothing to do until an input arrives. */
  | { type: 'wait' }
  | { type: 'begin_turn' }
  | { type: 'sample' }
  /** A failed request is tried again after this long; an interrupt ends the wait. */
  | { type: 'back_off'; ms: number }
  /** These calls may run side by side; the rest of the reply's calls come after them. */
  | { type: 'run_tools'; calls: ToolCall[] }
  | { type: 'end_turn' }
  | { type: 'archive' }
  /** The session is over; the workflow ends. */
  | { type: 'close' };

/** Decides from the state alone. Pure: the same state gives the same step. */
export function nextStep(state: ThreadState): Step {
  const { turn } = state;
  if (state.status === 'terminated') return { type: 'close' };
  if (turn === null) {
    if (state.closing) return { type: 'archive' };
    return state.queue.length > 0 ? { type: 'begin_turn' } : { type: 'wait' };
  }
  if (turn.stop !== null || state.interrupts.length > 0 || state.closing) return { type: 'end_turn' };
  if (turn.back_off_ms !== null) return { type: 'back_off', ms: turn.back_off_ms };
  if (turn.calls.length > 0) return { type: 'run_tools', calls: sideBySide(turn.calls) };
  return { type: 'sample' };
}

/** Tools that only look: their order among themselves does not matter. */
const READERS = new Set(['read', 'glob', 'grep']);

/** The calls at the head of the list that may run at once: a run of readers, or one call that may change something. */
function sideBySide(calls: ToolCall[]): ToolCall[] {
  const firstWriter = calls.findIndex((call) => !READERS.has(call.name));
  if (firstWriter === -1) return calls;
  return calls.slice(0, Math.max(firstWriter, 1));
}
