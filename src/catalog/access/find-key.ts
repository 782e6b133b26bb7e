import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import { findSessionToken, SESSION_TOKEN_PREFIX } from '../work/work-token.js';
import { hashKey } from './key-text.js';
import { scopesOf } from './key-rows.js';
import type { Principal } from './principal.js';

/** Whom a key's text stands for; undefined when it is none, or has been revoked. */
export type FindKey = (text: string) => Promise<Principal | undefined>;

/**
 * Looks keys up by their hash: one read of an index, whose time says nothing about the texts of other keys. Nothing is
 * remembered, so a key that is revoked opens nothing from the next request on.
 */
export function createFindKey(db: Database, now: Clock): FindKey {
  return async (text) => {
    if (text.startsWith(SESSION_TOKEN_PREFIX)) {
      const holder = await findSessionToken(db, text, now());
      // Workers of one environment count as one.
      return holder && { kind: 'session_token', keyId: holder.environmentId, ...holder };
    }
    const row = await db
      .selectFrom('api_keys')
      .select(['id', 'workspace', 'environment_id', 'scopes'])
      .where('hash', '=', hashKey(text))
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (!row) return undefined;
    const { id: keyId, workspace, environment_id: environmentId } = row;
    return environmentId === null
      ? { kind: 'api_key', keyId, workspace, scopes: scopesOf(row) }
      : { kind: 'environment_key', keyId, workspace, environmentId };
  };
}
