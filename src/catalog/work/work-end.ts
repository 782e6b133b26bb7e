import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import type { WorkDeps } from './work-deps.js';
import type { WorkItemRow } from './work-tables.js';

type Leases = Pick<WorkDeps, 'db' | 'now' | 'leaseSeconds'>;

/** What a stopped item no longer has. Its token is good for a last while. */
const OVER = { state: 'stopped', open_session: null, claimed_at: null, lease_until: null } as const;

/**
 * Stops an item: at once when nobody has it in hand or when it is forced, else once its worker has confirmed it. 409
 * when it is stopped already.
 */
export async function stopWork(
  db: Database,
  read: () => Promise<WorkItemRow>,
  { force, now }: { force: boolean; now: number },
): Promise<WorkItemRow> {
  for (;;) {
    const row = await read();
    if (row.state === 'stopped') throw new ApiError('conflict_error', `Work item ${row.id} is stopped already.`);
    const stop_requested_at = row.stop_requested_at ?? now;
    const isOver = force || row.state === 'queued';
    const stopped = await db
      .updateTable('work_items')
      .set(isOver ? { ...OVER, stop_requested_at, stopped_at: now } : { state: 'stopping', stop_requested_at })
      .where('id', '=', row.id)
      .where('state', '=', row.state)
      .returningAll()
      .executeTakeFirst();
    if (stopped) return stopped;
  }
}

/** Asks the worker of a session that is over to stop. */
export async function endWorkOf(db: Database, sessionId: string, now: number): Promise<void> {
  const open = () => db.updateTable('work_items').where('open_session', '=', sessionId);
  await open()
    .set({ ...OVER, stop_requested_at: now, stopped_at: now })
    .where('state', '=', 'queued')
    .execute();
  await open()
    .set({ state: 'stopping', stop_requested_at: now })
    .where('state', 'in', ['starting', 'active'])
    .execute();
}

/** Forgets all items of a session that is deleted, and their tokens. Idempotent. */
export function removeWork({ db }: { db: Database }, sessionId: string): Promise<void> {
  return db.transaction().execute(async (tx) => {
    // They are written first, so that none of them is claimed meanwhile and has another token.
    await tx.updateTable('work_items').set({ token: null }).where('session_id', '=', sessionId).execute();
    const items = tx.selectFrom('work_items').select('id').where('session_id', '=', sessionId);
    await tx.deleteFrom('work_tokens').where('work_id', 'in', items).execute();
    await tx.deleteFrom('work_items').where('session_id', '=', sessionId).execute();
  });
}

/**
 * Takes items back from workers that have been silent for too long: they are queued again as they were, and what was to
 * stop has stopped. Gives the sessions of the latter.
 */
export async function endLapsedLeases(deps: Leases, environmentId: string): Promise<string[]> {
  const { db, leaseSeconds: ttl_seconds } = deps;
  const now = deps.now();
  const due = await db
    .selectFrom('work_items')
    .select('id')
    .where('environment_id', '=', environmentId)
    .where('lease_until', '<=', now)
    .limit(1)
    .executeTakeFirst();
  // Almost always, and a statement that writes would lock others out.
  if (!due) return [];
  await db
    .updateTable('work_items')
    .set({ state: 'queued', claimed_at: null, token: null, lease_until: null, ttl_seconds })
    .set({ acknowledged_at: null, started_at: null, latest_heartbeat_at: null })
    .where('environment_id', '=', environmentId)
    .where('lease_until', '<=', now)
    .where('state', 'in', ['starting', 'active'])
    .execute();
  const stopped = await db
    .updateTable('work_items')
    .set({ ...OVER, stopped_at: now })
    .where('environment_id', '=', environmentId)
    .where('lease_until', '<=', now)
    .where('state', '=', 'stopping')
    .returning('session_id')
    .execute();
  return stopped.map(({ session_id }) => session_id);
}
