import { newId } from '../../ids.js';
import type { SessionDeps } from '../sessions/session-deps.js';
import { openSession } from '../sessions/session-create.js';
import type { DeploymentRunRow } from './deployment-tables.js';
import { isArchived } from './deployment-change.js';
import { readDeployment } from './deployment-row.js';
import { toRunError } from './run-error.js';
import { type DeploymentRun, toRun } from './run-row.js';
import { sessionOf } from './session-of.js';

/** Makes a session and its run in one: when the server dies in between, there is neither. */
export async function runByHand(deps: SessionDeps, id: string): Promise<DeploymentRun> {
  const { db, workspace, clock } = deps;
  const row = await readDeployment(db, workspace, id);
  if (row.archived_at !== null) throw isArchived(id, 'run');
  const { agent_id, agent_version } = row;
  const by = {
    workspace,
    deployment_id: id,
    agent_id,
    agent_version,
    trigger_type: 'manual' as const,
    scheduled_at: null,
  };
  const session_id = newId('sesn');
  const run: DeploymentRunRow = { id: newId('drun'), ...by, session_id, error: null, pending: 0, created_at: clock() };
  try {
    await openSession(deps, sessionOf(row, deps.secrets), {
      id: session_id,
      deployment_id: id,
      settle: async (tx) => void (await tx.insertInto('deployment_runs').values(run).execute()),
    });
    return toRun(run);
  } catch (error) {
    const reason = toRunError(error);
    if (!reason) throw error;
    const failed = { ...run, session_id: null, error: JSON.stringify(reason) };
    await db.insertInto('deployment_runs').values(failed).execute();
    return toRun(failed);
  }
}
