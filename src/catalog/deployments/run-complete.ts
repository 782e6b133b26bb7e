import { ApiError } from '../../api-error.js';
import type { FireResult } from '../../schedule/fire.js';
import type { Database } from '../../storage/database.js';
import { checkWorkspaceLive } from '../access/workspaces.js';
import { openSession } from '../sessions/session-create.js';
import type { SessionDeps } from '../sessions/session-deps.js';
import type { DeploymentRunRow } from './deployment-tables.js';
import { setPaused } from './deployment-state.js';
import { readDeployment } from './deployment-row.js';
import type { DeploymentsDeps } from './deployment-deps.js';
import { pausingError, toRunError, UNKNOWN_ERROR } from './run-error.js';
import type { RunError } from './run-row.js';
import { sessionOf } from './session-of.js';

/**
 * Makes the session of a run that was claimed, and says so in the run, both at once. Throws what may be otherwise at
 * another attempt; the last one takes it for a failure.
 */
export async function completeRun(deps: DeploymentsDeps, id: string, isLast: boolean): Promise<FireResult> {
  const run = await readRun(deps.db, id);
  if (run.pending === 0 || run.session_id === null) return resultOf(run);
  const { session_id, workspace, deployment_id } = run;
  try {
    await checkWorkspaceLive(deps.db, workspace);
    const deployment = await readDeployment(deps.db, workspace, deployment_id);
    await openSession(deps, sessionOf(deployment, deps.secrets), {
      id: session_id,
      deployment_id,
      isRepeatable: true,
      settle: (tx) => settle({ ...deps, db: tx }, run, null),
    });
  } catch (error) {
    const reason = toRunError(error) ?? (isLast && !(error instanceof ApiError) ? UNKNOWN_ERROR : undefined);
    if (!reason) throw error;
    await deps.db.transaction().execute((tx) => fail({ ...deps, db: tx }, run, reason));
    await deps.scheduleSync.attempt([deployment_id]);
  }
  return resultOf(await readRun(deps.db, id));
}

/** Writes the outcome, once; part of a transaction. */
async function settle(
  { db, clock, announce }: SessionDeps,
  run: DeploymentRunRow,
  error: RunError | null,
): Promise<void> {
  const now = clock();
  const outcome = error ? { session_id: null, error: JSON.stringify(error) } : {};
  const { numUpdatedRows } = await db
    .updateTable('deployment_runs')
    .set({ ...outcome, pending: 0, created_at: now })
    .where('id', '=', run.id)
    .where('pending', '=', 1)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return;
  await db.updateTable('deployments').set({ last_run_at: now }).where('id', '=', run.deployment_id).execute();
  await announce(db, { type: 'deployment_run.started', id: run.id });
  await announce(db, { type: error ? 'deployment_run.failed' : 'deployment_run.succeeded', id: run.id });
}

async function fail(sessions: SessionDeps, run: DeploymentRunRow, error: RunError): Promise<void> {
  await settle(sessions, run, error);
  const { archived_at } = await readDeployment(sessions.db, run.workspace, run.deployment_id);
  const type = pausingError(error);
  if (type && archived_at === null) await setPaused(sessions, run.deployment_id, { type: 'error', error: { type } });
}

function readRun(db: Database, id: string): Promise<DeploymentRunRow> {
  return db.selectFrom('deployment_runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

function resultOf({ id, session_id, error }: DeploymentRunRow): FireResult {
  return { type: 'run', run_id: id, session_id: error === null ? session_id : null };
}
