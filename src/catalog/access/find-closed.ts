import { batches } from '../../batches.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import { findHolders } from '../work/work-token.js';
import type { Principal } from './principal.js';

/** Those whose key has been revoked, or whose work item is not in their hands any more, since they were let in. */
export type FindClosed = (principals: Iterable<Principal>) => Promise<ReadonlySet<Principal>>;

/** Two statements for a thousand keys, however many streams have them; the server's own key is in no row, and nothing closes it. */
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
  const open = new Set<string>();
  for (const some of batches([...new Set(hashes)], AT_ONCE)) {
    for (const { hash, isStale } of await findHolders(db, some, now)) if (!isStale) open.add(hash);
  }
  return open;
}

async function listRevoked(db: Database, ids: readonly string[]): Promise<Set<string>> {
  const revoked = new Set<string>();
  for (const some of batches([...new Set(ids)], AT_ONCE)) {
    const keys = db.selectFrom('api_keys').select('id').where('id', 'in', some).where('revoked_at', 'is not', null);
    for (const { id } of await keys.execute()) revoked.add(id);
  }
  return revoked;
}

/** A statement takes so many values in any database. */
const AT_ONCE = 1_000;
