import type Anthropic from '@anthropic-ai/sdk';
import type { OutcomeState, SessionAgent, SessionState, SessionUsage } from '../../session/session.js';
import { toTimestamp } from '../clock.js';
import { toResource } from '../resources/resource-rows.js';
import type { SessionResourceRow } from '../resources/resource-tables.js';
import type { SessionRow } from './session-tables.js';

export type Session = Anthropic.Beta.Sessions.BetaManagedAgentsSession;
export type Thread = Anthropic.Beta.Sessions.BetaManagedAgentsSessionThread;

interface ShownSession {
  row: SessionRow;
  state: SessionState;
  resources: readonly SessionResourceRow[];
}

/** The session as responses show it: what it was created with, and the fold of its log. */
export function toSession({ row, state, resources }: ShownSession, now: number): Session {
  return {
    type: 'session',
    id: row.id,
    status: state.status,
    title: state.title,
    metadata: state.metadata,
    agent: currentAgent(row, state),
    environment_id: row.environment_id,
    deployment_id: row.deployment_id,
    // Written at creation, by the catalog and by nothing else.
    vault_ids: JSON.parse(row.vault_ids) as string[],
    resources: resources.map(toResource),
    // A state that was folded before there were budgets has no such field.
    budget: state.budget ?? null,
    outcome_evaluations: (state.outcomes ?? []).map(toOutcome),
    stats: { active_seconds: activeSeconds(state, now), duration_seconds: durationSeconds(row, state, now) },
    usage: currentUsage(state, now),
    ...times(row, state),
  };
}

/** The primary thread as responses show it. */
export function toPrimaryThread(row: SessionRow, state: SessionState, now: number): Thread {
  const { multiagent: _, ...agent } = currentAgent(row, state);
  const stats = { active_seconds: activeSeconds(state, now), duration_seconds: durationSeconds(row, state, now) };
  return {
    type: 'session_thread',
    id: row.thread_id,
    session_id: row.id,
    parent_thread_id: null,
    workflow_run_id: null,
    agent,
    status: state.status,
    stats: state.thread_started ? stats : null,
    usage: state.thread_idled ? threadUsage(state, now) : null,
    ...times(row, state),
  };
}

/** The snapshot in force: the one a later update made, else the one the session was created with. */
export function currentAgent(row: Pick<SessionRow, 'agent'>, state: Pick<SessionState, 'agent'>): SessionAgent {
  // The column is written at creation from a SessionAgent and never changed.
  return state.agent ?? (JSON.parse(row.agent) as SessionAgent);
}

/** The id of the model that a session runs, which no update changes. */
export function modelOf(row: Pick<SessionRow, 'agent'>): string {
  return currentAgent(row, { agent: null }).model.id;
}

function toOutcome({ completed_at, ...outcome }: OutcomeState): Session['outcome_evaluations'][number] {
  return { type: 'outcome_evaluation', ...outcome, completed_at: toTimestamp(completed_at) };
}

function currentUsage(state: SessionState, now: number): SessionUsage {
  return { ...state.usage, active_seconds: activeSeconds(state, now) };
}

/** The session's cost counts its running time in, which a thread's does not; the thread's own is not tracked. */
function threadUsage(state: SessionState, now: number): Thread['usage'] {
  const { list_cost: _, ...usage } = currentUsage(state, now);
  return usage;
}

function activeSeconds(state: SessionState, now: number): number {
  const present = state.running_since === null ? 0 : Math.max(0, now - state.running_since);
  return (state.active_ms + present) / 1000;
}

function durationSeconds(row: SessionRow, state: SessionState, now: number): number {
  const end = state.status === 'terminated' ? state.updated_at : now;
  return Math.max(0, end - row.created_at) / 1000;
}

function times(row: SessionRow, state: SessionState) {
  return {
    created_at: toTimestamp(row.created_at),
    // Two clocks: the row's is this process's, the state's is Temporal's.
    updated_at: toTimestamp(Math.max(row.created_at, state.updated_at)),
    archived_at: toTimestamp(state.archived_at),
  };
}
