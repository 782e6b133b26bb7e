import type { LoggedEvent } from './history.js';
import type {
  SessionAgent,
  SessionBudget,
  SessionStart,
  SessionState,
  SessionStatus,
  SessionUsage,
} from './session.js';

/** A session before its first event. */
export function newSessionState(start: SessionStart): SessionState {
  return {
    status: 'idle',
    title: start.title,
    metadata: start.metadata,
    agent: null,
    usage: {},
    budget: start.budget ?? null,
    active_ms: 0,
    running_since: null,
    thread_started: false,
    thread_idled: false,
    updated_at: start.created_at,
    archived_at: null,
  };
}

/** The state after an event of the session's log, which happened at `at` (ms). Pure. */
export function fold(state: SessionState, event: LoggedEvent, at: number): SessionState {
  switch (event.type) {
    case 'session.status_running':
      return { ...withStatus(state, 'running', at), running_since: at, thread_started: true };
    case 'session.status_idle':
      return { ...withStatus(state, 'idle', at), thread_idled: true };
    case 'session.status_rescheduled':
      return withStatus(state, 'rescheduling', at);
    case 'session.status_terminated':
    case 'session.deleted':
      return { ...withStatus(state, 'terminated', at), archived_at: state.archived_at ?? at };
    case 'session.usage':
      // Written by the harness as SessionUsage.
      return { ...state, usage: event['usage'] as SessionUsage };
    case 'session.updated':
      return { ...state, ...changes(event), updated_at: at };
    default:
      return state;
  }
}

function withStatus(state: SessionState, status: SessionStatus, at: number): SessionState {
  const ran = state.running_since === null ? 0 : at - state.running_since;
  return { ...state, status, active_ms: state.active_ms + ran, running_since: null, updated_at: at };
}

/** Our own `session.updated`: its fields are of the wire's types. One without any says that the metadata was emptied. */
function changes(event: LoggedEvent): Partial<SessionState> {
  const { title, metadata, agent, budget } = event as {
    title?: string | null;
    metadata?: Record<string, string>;
    agent?: SessionAgent;
    budget?: SessionBudget | null;
  };
  if ([title, metadata, agent, budget].every((field) => field === undefined)) return { metadata: {} };
  return {
    ...(title === undefined ? {} : { title }),
    ...(metadata ? { metadata } : {}),
    ...(agent ? { agent } : {}),
    ...(budget === undefined ? {} : { budget }),
  };
}
