import { ApiError } from '../../api-error.js';
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
    await finishDeletion(deps, id);
  } finally {
    deps.inWork.delete(id);
  }
}

/** Completes a deletion that has begun, or undoes a creation that has not ended. Idempotent. */
export async function finishDeletion(deps: SessionDeps, id: string): Promise<void> {
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

/**
 * For the sweep at start-up, whatever the workspace: each of these is to be handed to `finishDeletion`. What a request
 * has in work is left out, and so are sessions that a deployment's run waits for: who carries out the run completes them.
 */
export async function listUnfinished({ db, inWork }: SessionDeps): Promise<Unfinished[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'thread_id'])
    .where((eb) => eb.or([eb('started_at', 'is', null), eb('deleted_at', 'is not', null)]))
    .where('id', 'not in', (eb) =>
      eb
        .selectFrom('deployment_runs')
        .select('session_id')
        .where('pending', '=', 1)
        .where('session_id', 'is not', null)
        .$narrowType<{ session_id: string }>(),
    )
    .orderBy('created_at')
    .execute();
  return rows.filter((row) => !inWork.has(row.id));
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
