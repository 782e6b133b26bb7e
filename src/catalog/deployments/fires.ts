import { newId } from '../../ids.js';
import type { Fire, FirePlan, FireResult, Fires, Skipped } from '../../schedule/fire.js';
import type { Jitter } from '../../schedule/jitter.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import { createTurns } from '../files/turns.js';
import type { DeploymentRow, DeploymentRunRow } from './deployment-tables.js';
import { forEachOf } from './for-each.js';
import { dueAt } from './fire-plan.js';
import type { Deployments } from './deployments.js';

export interface FiresDeps {
  db: Database;
  now: Clock;
  jitter: Jitter;
  /** Those of a workspace. */
  deploymentsOf(workspace: string): Pick<Deployments, 'completeRun'>;
}

export interface PendingFires {
  /** Completes the runs that an earlier process had begun. */
  finishPending(): Promise<void>;
}

/**
 * Carries out what the Schedules of all workspaces cause. A fire is first claimed: a row that no other fire of its
 * deployment and instant can have, with the id that the session will have. From then on it is brought to its end,
 * whatever is killed: each step finds what the one before has left.
 */
export function createFires(deps: FiresDeps): Fires & PendingFires {
  const turns = createTurns();
  const complete = ({ id, workspace }: DeploymentRunRow, isLast: boolean) =>
    turns.take(id, () => deps.deploymentsOf(workspace).completeRun(id, { isLast }));
  return {
    async plan(fire): Promise<FirePlan> {
      const { now, jitter } = deps;
      const due = dueAt(await findDeployment(deps.db, fire.deployment_id), fire, { now: now(), jitter });
      return typeof due === 'number' ? { type: 'run', after_ms: Math.max(0, due - now()) } : due;
    },
    async carryOut(fire, { isLast }): Promise<FireResult> {
      const run = await deps.db.transaction().execute((tx) => claim({ ...deps, db: tx }, fire));
      return 'type' in run ? run : complete(run, isLast);
    },
    async finishPending() {
      const pending = await deps.db.selectFrom('deployment_runs').selectAll().where('pending', '=', 1).execute();
      await forEachOf(pending, (run) => complete(run, false));
    },
  };
}

async function claim({ db, now, jitter }: FiresDeps, fire: Fire): Promise<DeploymentRunRow | Skipped> {
  const { deployment_id, scheduled_at } = fire;
  const known = await db
    .selectFrom('deployment_runs')
    .selectAll()
    .where('deployment_id', '=', deployment_id)
    .where('scheduled_at', '=', scheduled_at)
    .executeTakeFirst();
  if (known) return known;
  const row = await findDeployment(db, deployment_id);
  const due = dueAt(row, fire, { now: now(), jitter });
  if (typeof due !== 'number') return due;
  // Without a row nothing is due.
  const { workspace, agent_id, agent_version } = row as DeploymentRow;
  const run: DeploymentRunRow = {
    id: newId('drun'),
    workspace,
    deployment_id,
    agent_id,
    agent_version,
    trigger_type: 'schedule',
    scheduled_at,
    session_id: newId('sesn'),
    error: null,
    pending: 1,
    created_at: now(),
  };
  await db.insertInto('deployment_runs').values(run).execute();
  return run;
}

function findDeployment(db: Database, id: string): Promise<DeploymentRow | undefined> {
  return db.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirst();
}
