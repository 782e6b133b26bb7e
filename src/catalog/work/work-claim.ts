import type { ExpressionBuilder } from 'kysely';
import type { Database, Tables } from '../../storage/database.js';
import type { WorkItemRow } from './work-tables.js';
import { newSessionToken, type SessionToken } from './work-token.js';

/** A claim that nobody has acknowledged goes back to the queue after this, unless the next poller says otherwise. */
export const RECLAIM_MS = 5_000;

/** Longer than any lease: of an item that is claimed again and again only so many tokens are kept. */
const TOKENS_KEPT_MS = 3_600_000;

export interface Claim {
  row: WorkItemRow;
  token: SessionToken;
}

export interface ClaimRequest {
  environmentId: string;
  /** The key of who asks: the claim's token is good for no longer than that. */
  keyId: string;
  /** Claims that were not acknowledged are taken over once they are older. */
  reclaimOlderThanMs: number;
  now: number;
}

/**
 * Gives the oldest free item of a queue to one caller, however many ask at once. Each claim has a token of its own; the
 * token of the one before it is stale from then on.
 */
export async function claimWork(db: Database, request: ClaimRequest): Promise<Claim | undefined> {
  // Almost always there is none, and a transaction that writes would lock others out.
  while (await selectOldest(db, request).executeTakeFirst()) {
    // Of two that choose the same item the second finds it taken, and looks again: nobody has to be kept apart.
    const transaction = db.transaction().setIsolationLevel('read committed');
    const claim = await transaction.execute((tx) => takeOldest(tx, request));
    if (claim) return claim;
  }
  return undefined;
}

/** Queued, and not in the hands of somebody who has claimed it since. */
export function freeAt(since: number) {
  return (eb: ExpressionBuilder<Tables, 'work_items'>) =>
    eb.and([eb('state', '=', 'queued'), eb.or([eb('claimed_at', 'is', null), eb('claimed_at', '<=', since)])]);
}

function selectOldest(db: Database, { environmentId, now, reclaimOlderThanMs }: ClaimRequest) {
  return db
    .selectFrom('work_items')
    .select('id')
    .where('environment_id', '=', environmentId)
    .where(freeAt(now - reclaimOlderThanMs))
    .orderBy('created_at')
    .orderBy('id')
    .limit(1);
}

async function takeOldest(tx: Database, request: ClaimRequest): Promise<Claim | undefined> {
  const { keyId, now, reclaimOlderThanMs } = request;
  const token = newSessionToken();
  const row = await tx
    .updateTable('work_items')
    .set({ claimed_at: now, token: token.hash })
    .where('id', '=', selectOldest(tx, request))
    // Said again: where statements run side by side, the one that comes second finds the row as the first has left it.
    .where(freeAt(now - reclaimOlderThanMs))
    .returningAll()
    .executeTakeFirst();
  if (!row) return undefined;
  await tx
    .deleteFrom('work_tokens')
    .where('work_id', '=', row.id)
    .where('given_at', '<', now - TOKENS_KEPT_MS)
    .execute();
  await tx
    .insertInto('work_tokens')
    .values({ hash: token.hash, work_id: row.id, key_id: keyId, given_at: now })
    .execute();
  return { row, token };
}
