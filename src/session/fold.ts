import type { LoggedEvent } from './history.js';
import type {
  OutcomeDefinition,
  OutcomeState,
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
      // One that is ended from outside has not come to say that its outcome is over.
      return ended(
        withOpenOutcome(state, (outcome) => ({ ...outcome, result: 'interrupted', completed_at: at })),
        at,
      );
    case 'session.deleted':
      return ended(state, at);
    case 'session.usage':
      // Written by the harness as SessionUsage.
      return { ...state, usage: event['usage'] as SessionUsage };
    case 'user.define_outcome':
      return { ...state, outcomes: [...(state.outcomes ?? []), newOutcome(event)], updated_at: at };
    case 'span.model_request_start':
      return withOpenOutcome(state, (outcome) =>
        outcome.result === 'pending' ? { ...outcome, result: 'running' } : outcome,
      );
    case 'span.outcome_evaluation_start':
      return withOpenOutcome(state, (outcome) => ({ ...outcome, result: 'evaluating' }));
    case 'span.outcome_evaluation_end':
      return withOpenOutcome(state, (outcome) => evaluated(outcome, event, at));
    case 'session.updated':
      return { ...state, ...changes(event), updated_at: at };
    default:
      return state;
  }
}

function ended(state: SessionState, at: number): SessionState {
  return { ...withStatus(state, 'terminated', at), archived_at: state.archived_at ?? at };
}

function withStatus(state: SessionState, status: SessionStatus, at: number): SessionState {
  const ran = state.running_since === null ? 0 : at - state.running_since;
  return { ...state, status, active_ms: state.active_ms + ran, running_since: null, updated_at: at };
}

function newOutcome(event: LoggedEvent): OutcomeState {
  // Written by the API.
  const { outcome_id, description } = event as LoggedEvent & Pick<OutcomeDefinition, 'outcome_id' | 'description'>;
  return { outcome_id, description, result: 'pending', iteration: 0, explanation: null, completed_at: null };
}

/** Only the last one may be open. */
function withOpenOutcome(state: SessionState, change: (outcome: OutcomeState) => OutcomeState): SessionState {
  const { outcomes = [] } = state;
  const last = outcomes.at(-1);
  if (last?.completed_at !== null) return state;
  return { ...state, outcomes: [...outcomes.slice(0, -1), change(last)] };
}

/** After an evaluation: one that asks for a revision begins the next iteration, any other is the last. */
function evaluated(outcome: OutcomeState, event: LoggedEvent, at: number): OutcomeState {
  // Written by the harness, with fields of the wire's types.
  const { result, explanation, iteration } = event as LoggedEvent & Omit<OutcomeState, 'completed_at'>;
  if (result === 'needs_revision') return { ...outcome, result: 'running', explanation, iteration: iteration + 1 };
  return { ...outcome, result, explanation, iteration, completed_at: at };
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
