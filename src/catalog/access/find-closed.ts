import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import { findHolders } from '../work/work-token.js';
import type { Principal } from './principal.js';

/** Those whose key has been revoked, or whose work item is not in their hands any more, since they were let in. */
export type FindClosed = (principals: Iterable<Principal>) => Promise<ReadonlySet<Principal>>;

/** Two statements at most, however many there are; the server's own key is in no row, and nothing closes it. */
export function createFindClosed(db: Database, now: Clock): FindClosed {
  return async (principals) => {
    const all = [...principals];
    const tokens = all.flatMap((one) => (one.kind === 'session_token' ? [one.hash] : []));
    const keys = all.flatMap((one) => (one.kind === 'session_token' ? [] : [one.keyId]));
    const open = await listOpenTokens(db, tokens, now());
    const revoked = await listRevoked(db, keys);
    return new Set(all.filter((one) => (one.kind === 'session_token' ? !open.has(one.hash) : revoked.has(one.keyId))));
  };
}

async function listOpenTokens(db: Database, hashes: readonly string[], now: number): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const holders = await findHolders(db, [...new Set(hashes)], now);
  return new Set(holders.filter(({ isStale }) => !isStale).map(({ hash }) => hash));
}

async function listRevoked(db: Database, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('api_keys')
    .select('id')
    .where('id', 'in', [...new Set(ids)])
    .where('revoked_at', 'is not', null)
    .execute();
  return new Set(rows.map(({ id }) => id));
}
