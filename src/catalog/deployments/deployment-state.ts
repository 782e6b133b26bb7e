import type { NounDeps } from '../noun.js';
import { isArchived } from './deployment-change.js';
import { type PausedReason, readDeployment } from './deployment-row.js';

/** Archives one deployment; part of a transaction. Idempotent. */
export async function archiveDeployment(deps: NounDeps, id: string): Promise<void> {
  await readDeployment(deps.db, deps.workspace, id);
  await archiveWhere(deps, 'id', id);
}

/** Archives all of an agent's; part of a transaction. Gives the ids of those that have a Schedule to be removed. Idempotent. */
export function archiveDeploymentsOf(deps: NounDeps, agentId: string): Promise<string[]> {
  return archiveWhere(deps, 'agent_id', agentId);
}

async function archiveWhere(
  { db, workspace, clock, announce }: NounDeps,
  column: 'id' | 'agent_id',
  value: string,
): Promise<string[]> {
  const now = clock();
  const wanted = await db
    .selectFrom('deployments')
    .select(['id', 'schedule'])
    .where(column, '=', value)
    .where('workspace', '=', workspace)
    .where('archived_at', 'is', null)
    .execute();
  for (const { id, schedule } of wanted) {
    await db
      .updateTable('deployments')
      // Tokens are of no more use.
      .set({ archived_at: now, updated_at: now, paused_reason: null, key_id: null, secret: null })
      .set(outOfSync(schedule))
      .set((eb) => ({ schedule_revision: eb('schedule_revision', '+', 1) }))
      .where('id', '=', id)
      .execute();
    await announce(db, { type: 'deployment.archived', id });
  }
  return wanted.filter(({ schedule }) => schedule !== null).map(({ id }) => id);
}

/** Pauses or, with null, goes on; part of a transaction. One that is paused already keeps its reason. */
export async function setPaused(
  { db, workspace, clock, announce }: NounDeps,
  id: string,
  reason: PausedReason | null,
): Promise<void> {
  const row = await readDeployment(db, workspace, id);
  if (row.archived_at !== null) throw isArchived(id, reason ? 'paused' : 'unpaused');
  if ((row.paused_reason === null) === (reason === null)) return;
  await db
    .updateTable('deployments')
    .set({ paused_reason: reason && JSON.stringify(reason), updated_at: clock() })
    .set(outOfSync(row.schedule))
    .set((eb) => ({ schedule_revision: eb('schedule_revision', '+', 1) }))
    .where('id', '=', id)
    .execute();
  await announce(db, { type: reason ? 'deployment.paused' : 'deployment.unpaused', id });
}

/** Without a schedule there is nothing more to say; that one was taken away may still have to be told. */
function outOfSync(schedule: string | null): { unsynced?: 1 } {
  return schedule === null ? {} : { unsynced: 1 };
}
