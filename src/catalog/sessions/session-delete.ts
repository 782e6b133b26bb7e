import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { forgetSession, isBusy, readLive, type SessionDeps } from './session-deps.js';
import { invalid } from '../validate.js';

/** A session that was being created or deleted when its server stopped, or that could not be reached since. */
export interface Unfinished {
  id: string;
  thread_id: string;
}

/** Deletes an idle or terminated session for good; from the first step on nobody sees it any more. */
export async function deleteSession(deps: SessionDeps, id: string): Promise<void> {
  deps.inWork.add(id);
  try {
    if (!(await isBeingDeleted(deps, id))) await beginDeletion(deps, id);
    await carryOut(deps, id);
  } finally {
    deps.inWork.delete(id);
  }
}

/**
 * Completes a deletion that has begun, or undoes a creation that has not ended. Idempotent. What is or has become whole
 * since it was listed stays, and so does what a request has in work.
 */
export async function finishDeletion(deps: SessionDeps, id: string): Promise<void> {
  if (deps.inWork.has(id)) return;
  const unfinished = await selectUnfinished(deps.db, id).executeTakeFirst();
  if (unfinished) await carryOut(deps, id);
}

/**
 * For the sweep, whatever the workspace: each of these is to be handed to `finishDeletion`. What a request has in work is
 * left out, and so are sessions that a deployment's run or a dream waits for: who carries that out completes them.
 */
export async function listUnfinished({ db, inWork }: SessionDeps): Promise<Unfinished[]> {
  const rows = await selectUnfinished(db).execute();
  return rows.filter((row) => !inWork.has(row.id));
}

async function carryOut(deps: SessionDeps, id: string): Promise<void> {
  try {
    // Nobody was told of a session whose creation did not end, so nobody can interrupt it either.
    await deps.sessions.delete(id, { running: !(await hasStarted(deps, id)) });
  } catch (error) {
    // It began to run since it was looked at: the session stays, visible again.
    const refused = error instanceof ApiError && error.type === 'invalid_request_error';
    if (refused) await setDeleted(deps, id, null);
    throw error;
  }
  await forgetSession(deps, id);
}

/** All of them, or this one if it is. */
function selectUnfinished(db: Database, id?: string) {
  const sessions = db.selectFrom('sessions').select(['sessions.id', 'thread_id']);
  const some = id === undefined ? sessions : sessions.where('sessions.id', '=', id);
  const beingMade = some
    .where('started_at', 'is', null)
    .where('deleted_at', 'is', null)
    .where((eb) => {
      const whose = (table: 'deployment_runs' | 'dreams') =>
        eb.selectFrom(table).select(`${table}.id`).whereRef(`${table}.session_id`, '=', 'sessions.id');
      const awaited = [whose('deployment_runs').where('pending', '=', 1), whose('dreams').where('at_work', '=', 1)];
      return eb.not(eb.or(awaited.map((one) => eb.exists(one))));
    });
  return some.where('deleted_at', 'is not', null).unionAll(beingMade);
}

async function beginDeletion(deps: SessionDeps, id: string): Promise<void> {
  const { state } = await readLive(deps, id);
  if (isBusy(state)) throw invalid('session_id', `session ${id} is ${state.status}; interrupt it first`);
  await setDeleted(deps, id, deps.clock());
}

/** A client that repeats a DELETE which failed half-way completes it. */
async function isBeingDeleted({ db, workspace }: SessionDeps, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .where('started_at', 'is not', null)
    .where('deleted_at', 'is not', null)
    .executeTakeFirst();
  return row !== undefined;
}

async function hasStarted({ db }: SessionDeps, id: string): Promise<boolean> {
  const row = await db.selectFrom('sessions').select('started_at').where('id', '=', id).executeTakeFirst();
  return row !== undefined && row.started_at !== null;
}

async function setDeleted({ db }: SessionDeps, id: string, deleted_at: number | null): Promise<void> {
  await db.updateTable('sessions').set({ deleted_at }).where('id', '=', id).execute();
}
