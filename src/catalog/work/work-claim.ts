import type { ExpressionBuilder } from 'kysely';
import type { Database, Tables } from '../../storage/database.js';
import type { WorkItemRow } from './work-tables.js';
import { newSessionToken, type SessionToken } from './work-token.js';

/** A claim that nobody has acknowledged goes back to the queue after this, unless the next poller says otherwise. */
export const RECLAIM_MS = 5_000;

export interface Claim {
  row: WorkItemRow;
  token: SessionToken;
}

export interface ClaimRequest {
  environmentId: string;
  /** Claims that were not acknowledged are taken over once they are older. */
  reclaimOlderThanMs: number;
  now: number;
}

/**
 * Gives the oldest free item of a queue to one caller, however many ask at once. Each claim has a token of its own; the
 * token of the one before it is stale from then on.
 */
export async function claimWork(db: Database, request: ClaimRequest): Promise<Claim | undefined> {
  const isFree = freeAt(request.now - request.reclaimOlderThanMs);
  const free = db
    .selectFrom('work_items')
    .select('id')
    .where('environment_id', '=', request.environmentId)
    .where(isFree);
  const next = free.orderBy('created_at').orderBy('id').limit(1);
  for (;;) {
    const token = newSessionToken();
    const row = await db
      .updateTable('work_items')
      .set({ claimed_at: request.now, token: token.hash })
      .where('id', '=', next)
      // Said again: where statements run side by side, the one that comes second finds the row as the first has left it.
      .where(isFree)
      .returningAll()
      .executeTakeFirst();
    if (row) {
      await db.insertInto('work_tokens').values({ hash: token.hash, work_id: row.id }).execute();
      return { row, token };
    }
    if (!(await next.executeTakeFirst())) return undefined;
  }
}

/** Queued, and not in the hands of somebody who has claimed it since. */
export function freeAt(since: number) {
  return (eb: ExpressionBuilder<Tables, 'work_items'>) =>
    eb.and([eb('state', '=', 'queued'), eb.or([eb('claimed_at', 'is', null), eb('claimed_at', '<=', since)])]);
}
