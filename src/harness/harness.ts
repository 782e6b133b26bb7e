import { isCrowded } from './crowding.js';
import { isEvaluationDue } from './outcome.js';
import { isTurnDue } from './queue.js';
import { budgetReached } from './spending.js';
import type { Pause, ThreadState, ToolCall, Turn } from './state.js';
import { waitingCalls } from './waiting.js';

/** What a thread does next. The workflow carries it out and reports back through `turn.ts`. */
export type Step =
  /** Nothing to do until an input arrives. */
  | { type: 'wait' }
  | { type: 'begin_turn' }
  | { type: 'sample' }
  /** The conversation nears its model's window: a summary takes the place of its beginning. */
  | { type: 'compact' }
  /** A failed request is tried again after this long; an interrupt ends the wait. */
  | { type: 'back_off'; ms: number }
  /** These calls may run side by side; the rest of the reply's calls come after them. */
  | { type: 'run_tools'; calls: ToolCall[] }
  /** The turn cannot go on until somebody acts: that is to be said. */
  | { type: 'pause'; pause: Pause }
  /** The turn's work is evaluated against the outcome's rubric before it ends, or goes on. */
  | { type: 'evaluate' }
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
    return { type: isTurnDue(state) ? 'begin_turn' : 'wait' };
  }
  if (state.interrupts.length > 0 || state.closing) return { type: 'end_turn' };
  if (turn.stop !== null && !isEvaluationDue(state)) return { type: 'end_turn' };
  if (turn.back_off_ms !== null) return { type: 'back_off', ms: turn.back_off_ms };
  const ready = turn.calls.filter((call) => call.waits_for === undefined);
  if (ready.length > 0) return { type: 'run_tools', calls: sideBySide(ready) };
  const pause = hindrance(state);
  if (pause !== undefined) return isSaid(turn, pause) ? { type: 'wait' } : { type: 'pause', pause };
  if (turn.stop !== null) return { type: 'evaluate' };
  return { type: isCrowded(state) ? 'compact' : 'sample' };
}

/** Whether the thread is at work, or about to be: then it may not be ended or given other tools. */
export function isBusy(state: ThreadState): boolean {
  return nextStep(state).type !== 'wait' || state.status === 'running' || state.status === 'rescheduling';
}

/** What keeps a turn from its next model request. Who is waited for comes before what it costs. */
function hindrance(state: ThreadState): Pause | undefined {
  const waiting = waitingCalls(state);
  if (waiting.length > 0) return { type: 'requires_action', event_ids: waiting.map(({ id }) => id) };
  return budgetReached(state) ? { type: 'budget_reached' } : undefined;
}

/** The session has said so already, in the same words. */
function isSaid({ pause: said }: Turn, pause: Pause): boolean {
  if (said?.type !== 'requires_action' || pause.type !== 'requires_action') return said?.type === pause.type;
  return said.event_ids.join() === pause.event_ids.join();
}

/** Tools that only look: their order among themselves does not matter. */
const READERS = new Set(['read', 'glob', 'grep']);

/** The calls at the head of the list that may run at once: a run of readers, or one call that may change something. */
function sideBySide(calls: ToolCall[]): ToolCall[] {
  const firstWriter = calls.findIndex((call) => !READERS.has(call.name));
  if (firstWriter === -1) return calls;
  return calls.slice(0, Math.max(firstWriter, 1));
}
