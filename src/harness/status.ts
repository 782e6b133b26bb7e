import { budgetReached } from './spending.js';
import { emit, type Pause, type Stop, type Thread } from './state.js';
import { sessionUsage } from './usage.js';

/** Says that the thread runs, unless it does already, and starts its clock. */
export function emitRunning(thread: Thread): void {
  const { state, ports } = thread;
  if (state.status === 'running') return;
  state.status = 'running';
  emit(thread, { type: 'session.status_running' });
  emit(thread, { type: 'session.thread_status_running', ...threadFields(thread) });
  state.running_since = Math.max(state.clock, ports.now());
}

/** Says that the thread stands still, why, and what was used up to now. */
export function emitIdle(thread: Thread, reason: Pause | Exclude<Stop, { type: 'terminal' }>): void {
  const { state } = thread;
  stopClock(thread);
  state.status = 'idle';
  const own = reasonFields(reason);
  emit(thread, { type: 'session.thread_status_idle', ...threadFields(thread), ...own });
  emitUsage(thread);
  // A turn may have come to its end on its own; the session as a whole cannot go on all the same.
  const isHeld = reason.type !== 'requires_action' && budgetReached(state);
  emit(thread, { type: 'session.status_idle', ...(isHeld ? reasonFields({ type: 'budget_reached' }) : own) });
}

/** Says that a request failed for now and is made again. */
export function emitRescheduled(thread: Thread): void {
  stopClock(thread);
  thread.state.status = 'rescheduling';
  emit(thread, { type: 'session.thread_status_rescheduled', ...threadFields(thread) });
  emit(thread, { type: 'session.status_rescheduled' });
}

/** Says that the thread is over, and its session with it. */
export function emitTerminated(thread: Thread): void {
  stopClock(thread);
  thread.state.status = 'terminated';
  emit(thread, { type: 'session.thread_status_terminated', ...threadFields(thread) });
  emit(thread, { type: 'session.status_terminated' });
}

export function emitUsage(thread: Thread): void {
  stopClock(thread);
  emit(thread, { type: 'session.usage', usage: sessionUsage(thread.state), budget: thread.state.budget });
}

function stopClock({ state, ports }: Thread): void {
  if (state.running_since === null) return;
  state.active_ms += Math.max(state.clock, ports.now()) - state.running_since;
  state.running_since = null;
}

function reasonFields(reason: Pause | Stop): { stop_reason: object; stop_details: object | null } {
  const { type } = reason;
  const ids = reason.type === 'requires_action' ? { event_ids: reason.event_ids } : {};
  const details = reason.type === 'refusal' && reason.details ? { type: 'refusal', ...reason.details } : null;
  return { stop_reason: { type, ...ids }, stop_details: details };
}

function threadFields({ state }: Thread): { session_thread_id: string; agent_name: string } {
  return { session_thread_id: state.thread_id, agent_name: state.agent_name };
}
