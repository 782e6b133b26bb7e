import { ApiError } from '../../api-error.js';
import type { FactsOf } from '../../model/facts.js';
import type { SessionLog, Sessions, SessionState } from '../../session/session.js';
import type { Secrets } from '../../vault/secrets.js';
import type { KeptDeps } from '../files/kept.js';
import { readSession } from './session-store.js';
import type { SessionRow } from './session-tables.js';
import type { WorkDeps } from '../work/work-deps.js';

/** What is kept of a session beside its row and its log. */
export interface Belonging {
  /** Takes it all away, when the session's workflow is gone. Whatever the workspace; idempotent. */
  remove(sessionId: string): Promise<void>;
}

export interface SessionDeps extends WorkDeps, KeptDeps {
  /** Seals what resources hold. */
  secrets: Secrets;
  belongings: readonly Belonging[];
  sessions: Sessions;
  log: SessionLog;
  factsOf: FactsOf;
  /** Whether requests to this model have a list price. */
  hasPrice: (model: string) => boolean;
  /** Sessions that a request of this process is creating or deleting right now: the sweep leaves them alone. */
  inWork: Set<string>;
}

export interface LiveSession {
  row: SessionRow;
  state: SessionState;
}

/** A session's row and state, as they are after everything this server has acknowledged. */
export async function readLive({ db, workspace, log }: SessionDeps, id: string): Promise<LiveSession> {
  const row = await readSession(db, workspace, id);
  const state = await log.getState(id);
  if (state) return { row, state };
  // Deleted since, or its log is being read again from history.
  await readSession(db, workspace, id);
  throw new ApiError('unavailable_error', `The log of session ${id} is being read again.`, { retryAfter: 1 });
}

/** The last step of a deletion: all that belongs to a session goes, and at the end its row. */
export async function forgetSession({ db, belongings }: SessionDeps, id: string): Promise<void> {
  for (const belonging of belongings) await belonging.remove(id);
  await db.deleteFrom('sessions').where('id', '=', id).execute();
}

/** True while a session may not be archived, deleted or given another agent. */
export function isBusy(state: SessionState): boolean {
  return state.status === 'running' || state.status === 'rescheduling';
}
