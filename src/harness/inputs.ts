import type { InputEvent, SessionChange } from '../session/session.js';
import { emit, emitProcessed, type Thread, type ThreadState } from './state.js';

/** Why these events cannot be taken in the present state, or nothing. */
export function refusal(state: ThreadState, events: InputEvent[]): string | undefined {
  if (state.status === 'terminated') return 'The session is archived or terminated and takes no more events.';
  const foreign = events.find((event) => event.type !== 'user.message' && event.type !== 'user.interrupt');
  if (foreign !== undefined) return `${foreign.type} events are not available yet.`;
  return undefined;
}

const REMEMBERED_REQUESTS = 256;

/**
 * Takes in one request's events, in order. The same request twice counts once: an update may reach the runs before and
 * after a continue-as-new.
 */
export function receive(thread: Thread, requestId: string, events: InputEvent[]): void {
  const { state } = thread;
  if (state.recent.includes(requestId)) return;
  state.recent = [...state.recent.slice(1 - REMEMBERED_REQUESTS), requestId];
  for (const event of events) take(thread, event);
}

function take(thread: Thread, event: InputEvent): void {
  const { state } = thread;
  emit(thread, { ...event }, { queued: true });
  if (event.type === 'user.interrupt') {
    // With no turn under way there is nothing to stop: it has taken effect already.
    if (state.turn === null && state.queue.length === 0) emitProcessed(thread, event.id);
    else state.interrupts.push(event.id);
  } else {
    state.queue.push(event.id);
  }
}

/** Applies an update of the session; one that changes nothing leaves no trace. */
export function change(thread: Thread, asked: SessionChange): void {
  const { state } = thread;
  const metadata = asked.metadata === undefined ? state.metadata : merged(state.metadata, asked.metadata);
  const title = asked.title === undefined ? state.title : asked.title;
  const newMetadata = !sameBag(metadata, state.metadata);
  const cleared = newMetadata && Object.keys(metadata).length === 0;
  const changed = {
    ...(title === state.title ? {} : { title }),
    ...(newMetadata && !cleared ? { metadata } : {}),
    ...(asked.agent === undefined ? {} : { agent: asked.agent }),
  };
  state.title = title;
  state.metadata = metadata;
  if (Object.keys(changed).length > 0) emit(thread, { type: 'session.updated', ...changed });
  // The wire leaves emptied metadata out of the event. An event of its own, without any field, keeps that readable.
  if (cleared) emit(thread, { type: 'session.updated' });
}

function merged(old: Record<string, string>, patch: Record<string, string | null> | null): Record<string, string> {
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
  thread.state.status = 'terminated';
  emitTerminated(thread);
}

/** Says that the session is deleted: the last event of its log. */
export function remove(thread: Thread): void {
  thread.state.status = 'terminated';
  emit(thread, { type: 'session.deleted' });
}

export function emitTerminated(thread: Thread): void {
  const { thread_id, agent_name } = thread.state;
  emit(thread, { type: 'session.thread_status_terminated', session_thread_id: thread_id, agent_name });
  emit(thread, { type: 'session.status_terminated' });
}
