import type { InputEvent } from '../session/session.js';
import { budgetReached } from './spending.js';
import { emit, emitProcessed, type Thread, type ThreadState } from './state.js';

/** Keeps an event for the next turn. */
export function enqueue(thread: Thread, event: InputEvent): void {
  const { state } = thread;
  emit(thread, { ...event }, { queued: true });
  state.queue.push(event.id);
  if (event.type === 'system.message') state.quiet.push(event.id);
}

/** Takes up all that is queued. */
export function takeUpQueue(thread: Thread): void {
  for (const id of thread.state.queue.splice(0)) emitProcessed(thread, id);
  thread.state.quiet = [];
}

/** Whether something has come that starts a turn. */
export function isTurnAsked({ queue, quiet, outcome }: ThreadState): boolean {
  return queue.some((id) => !quiet.includes(id)) || outcome?.is_underway === false;
}

/** Whether the next turn may begin as soon as the present one is over. */
export function isTurnDue(state: ThreadState): boolean {
  return isTurnAsked(state) && !budgetReached(state);
}
