import type { InputEvent, SessionChange } from '../session/session.js';
import { abandonOutcome, takeOutcome, takeUpOutcome } from './outcome.js';
import { enqueue, isTurnAsked } from './queue.js';
import { emit, emitProcessed, type Thread } from './state.js';
import { budgetReached } from './spending.js';
import { emitTerminated } from './status.js';
import { confirm, isResult, takeResult } from './waiting.js';

const REMEMBERED_REQUESTS = 256;

/** When an event took effect that is taken in as soon as it comes, by its id; in ms. */
export type Processed = Record<string, number>;

/**
 * Takes in one request's events, in order. The same request twice counts once: an update may reach the runs before and
 * after a continue-as-new.
 */
export function receive(thread: Thread, requestId: string, events: InputEvent[]): Processed {
  const { state } = thread;
  const processed: Processed = {};
  if (state.recent.includes(requestId)) return processed;
  state.recent = [...state.recent.slice(1 - REMEMBERED_REQUESTS), requestId];
  for (const [index, event] of events.entries()) {
    const after = events[index - 1];
    if (take(thread, event, after)) processed[event.id] = state.clock;
  }
  return processed;
}

/** True when the event has been taken in at once; else it is queued. */
function take(thread: Thread, event: InputEvent, after: InputEvent | undefined): boolean {
  switch (event.type) {
    case 'user.message':
      enqueue(thread, event);
      return false;
    case 'system.message':
      takeSystemMessage(thread, event, after);
      return false;
    case 'user.interrupt':
      return interrupt(thread, event);
    case 'user.tool_confirmation':
      confirm(thread, event);
      return false;
    case 'user.custom_tool_result':
    case 'user.tool_result':
      takeResult(thread, event);
      return true;
    case 'user.define_outcome':
      takeOutcome(thread, event);
      return true;
    default:
      return unreachable(event);
  }
}

/** One that goes with a tool's result is heard with it; any other when the next turn begins. */
function takeSystemMessage(thread: Thread, event: InputEvent, after: InputEvent | undefined): void {
  if (isResult(after) && thread.state.turn !== null) {
    emit(thread, { ...event }, { queued: true });
    emitProcessed(thread, event.id);
    return;
  }
  enqueue(thread, event);
}

function interrupt(thread: Thread, event: InputEvent): boolean {
  const { state } = thread;
  // There it stops nothing, and is not part of the log (contract: events §11).
  if (state.status === 'idle' && budgetReached(state)) return true;
  emit(thread, { ...event }, { queued: true });
  // With no turn under way there is nothing to stop: it has taken effect already.
  if (state.turn === null && !isTurnAsked(state)) {
    emitProcessed(thread, event.id);
    abandonOutcome(thread);
    return false;
  }
  state.interrupts.push(event.id);
  // An outcome that was defined before is meant, too, whether the turn knows of it or not; one that comes after is not.
  if (state.turn !== null) takeUpOutcome(state);
  return false;
}

/** Applies an update of the session; one that changes nothing leaves no trace. */
export function change(thread: Thread, asked: SessionChange): void {
  const { state } = thread;
  const metadata = asked.metadata === undefined ? state.metadata : mergedMetadata(state.metadata, asked.metadata);
  const title = asked.title === undefined ? state.title : asked.title;
  const budget = asked.budget === undefined ? state.budget : asked.budget;
  const newMetadata = !sameBag(metadata, state.metadata);
  const cleared = newMetadata && Object.keys(metadata).length === 0;
  const changed = {
    ...(title === state.title ? {} : { title }),
    ...(newMetadata && !cleared ? { metadata } : {}),
    ...(budget?.max_list_cost.amount === state.budget?.max_list_cost.amount ? {} : { budget }),
    ...(asked.agent === undefined ? {} : { agent: asked.agent }),
  };
  Object.assign(state, { title, metadata, budget });
  if (Object.keys(changed).length > 0) emit(thread, { type: 'session.updated', ...changed });
  // The wire leaves emptied metadata out of the event. An event of its own, without any field, keeps that readable.
  if (cleared) emit(thread, { type: 'session.updated' });
}

/** The pairs with a change merged in by key; null deletes one, and as a whole all. */
export function mergedMetadata(
  old: Record<string, string>,
  patch: Record<string, string | null> | null,
): Record<string, string> {
  const result = { ...old };
  for (const [key, value] of Object.entries(patch ?? {})) {
    if (value === null) delete result[key];
    else result[key] = value;
  }
  return patch === null ? {} : result;
}

function sameBag(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Archives the session: its thread and the session end, for good. */
export function archive(thread: Thread): void {
  if (thread.state.status === 'terminated') return;
  abandonOutcome(thread);
  emitTerminated(thread);
}

/** Says that the session is deleted: the last event of its log. */
export function remove(thread: Thread): void {
  thread.state.status = 'terminated';
  emit(thread, { type: 'session.deleted' });
}

function unreachable(event: never): never {
  throw new Error(`Unknown input ${JSON.stringify(event)}`);
}
