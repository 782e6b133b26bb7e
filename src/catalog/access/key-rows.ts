import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import { type AgeCursor, type AgeQuery, newestFirst, type Page, toPage } from '../page.js';
import type { ApiKeyRow } from './access-tables.js';
import { hashKey, hintOf, newKeyText } from './key-text.js';
import { administers, type Principal, type Scope } from './principal.js';
import { checkWorkspaceLive } from './workspaces.js';

export interface KeysDeps {
  db: Database;
  clock: Clock;
}

/** One table holds both: a key of the API has no environment. */
export type KeyKind = 'api_key' | 'environment_key';

export interface NewKey {
  workspace: string;
  environment_id: string | null;
  name: string;
  scopes: readonly Scope[];
  now: number;
}

/** Stores a new key's hash, as part of a transaction. The text is returned and kept nowhere. */
export async function insertKey(db: Database, { scopes, now, ...fields }: NewKey) {
  await checkWorkspaceLive(db, fields.workspace);
  const kind = kindOf(fields);
  const key = newKeyText(kind);
  const row: ApiKeyRow = {
    id: newId(kind === 'api_key' ? 'apikey' : 'ekey'),
    ...fields,
    scopes: scopes.join(' '),
    hash: hashKey(key),
    hint: hintOf(key),
    created_at: now,
    revoked_at: null,
  };
  await db.insertInto('api_keys').values(row).execute();
  return { row, key };
}

/** A page of the keys of a workspace, or of an environment in it: newest first, revoked ones too. */
export async function listKeys<Item>(
  db: Database,
  of: { workspace: string; environment_id: string | null },
  query: AgeQuery,
  toItem: (row: ApiKeyRow) => Item,
): Promise<Page<Item, AgeCursor>> {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('workspace', '=', of.workspace)
    .where('environment_id', of.environment_id === null ? 'is' : '=', of.environment_id)
    // The same for all of them; Postgres takes the index's order below `is null` only when it is asked for.
    .orderBy('environment_id', 'desc')
    .$call(newestFirst(query))
    .execute();
  return toPage(rows, query.limit, toItem);
}

export interface Revocation {
  by: Principal;
  kind: KeyKind;
  id: string;
  now: number;
}

/** The key as it is then; `not_found_error` where the caller administers none of this kind with that id. Idempotent. */
export function revokeKey(db: Database, { by, kind, id, now }: Revocation): Promise<ApiKeyRow> {
  return db.transaction().execute(async (tx) => {
    const row = await tx.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row || kindOf(row) !== kind || !administers(by, row.workspace)) {
      throw new ApiError('not_found_error', `There is no ${kind === 'api_key' ? 'API' : 'environment'} key ${id}.`);
    }
    if (row.revoked_at !== null) return row;
    await tx.updateTable('api_keys').set({ revoked_at: now }).where('id', '=', id).execute();
    return { ...row, revoked_at: now };
  });
}

/** Written above and by nothing else. */
export function scopesOf({ scopes }: Pick<ApiKeyRow, 'scopes'>): Scope[] {
  return scopes.split(' ').filter((scope) => scope !== '') as Scope[];
}

function kindOf({ environment_id }: Pick<ApiKeyRow, 'environment_id'>): KeyKind {
  return environment_id === null ? 'api_key' : 'environment_key';
}
