import type Anthropic from '@anthropic-ai/sdk';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import { freeAt, RECLAIM_MS } from './work-claim.js';

export type WorkStats = Anthropic.Beta.Environments.BetaSelfHostedWorkQueueStats;

const WINDOW_MS = 30_000;
/** A worker that polls all the time is written down this often. */
const NOTE_EVERY_MS = 10_000;

/** Who has polled of late. */
export interface Pollers {
  note(environmentId: string, workerId: string, now: number): Promise<void>;
}

export function createPollers(db: Database, workspace: string): Pollers {
  const noted = new Map<string, number>();
  return {
    async note(environment_id, workerId, polled_at) {
      const worker_id = workerId.slice(0, 255);
      const key = `${environment_id} ${worker_id}`;
      if ((noted.get(key) ?? -Infinity) > polled_at - NOTE_EVERY_MS) return;
      if (noted.size >= 10_000) noted.clear();
      noted.set(key, polled_at);
      await db
        .insertInto('work_pollers')
        .values({ environment_id, worker_id, workspace, polled_at })
        .onConflict((conflict) => conflict.columns(['environment_id', 'worker_id']).doUpdateSet({ polled_at }))
        .execute();
      await db
        .deleteFrom('work_pollers')
        .where('polled_at', '<', polled_at - 10 * WINDOW_MS)
        .execute();
    },
  };
}

/** How many items wait, how many are in hands that have not acknowledged them, and how many workers ask. */
export async function readStats(db: Database, environmentId: string, now: number): Promise<WorkStats> {
  const queued = db.selectFrom('work_items').where('environment_id', '=', environmentId).where('state', '=', 'queued');
  const count = queued.select((eb) => [eb.fn.countAll().as('count'), eb.fn.min('created_at').as('oldest')]);
  const all = await count.executeTakeFirstOrThrow();
  const free = await count.where(freeAt(now - RECLAIM_MS)).executeTakeFirstOrThrow();
  const pollers = await db
    .selectFrom('work_pollers')
    .select((eb) => eb.fn.countAll().as('count'))
    .where('environment_id', '=', environmentId)
    .where('polled_at', '>', now - WINDOW_MS)
    .executeTakeFirstOrThrow();
  return {
    type: 'work_queue_stats',
    depth: Number(free.count),
    pending: Number(all.count) - Number(free.count),
    // The aggregate of an empty set is null, which its type does not say.
    oldest_queued_at: toTimestamp(all.oldest as number | null),
    workers_polling: Number(pollers.count),
  };
}
