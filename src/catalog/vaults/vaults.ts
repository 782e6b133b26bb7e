import { isDeepStrictEqual } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import { mergeMetadata } from '../metadata.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import type { VaultRow } from './vault-tables.js';
import { invalid, validate } from '../validate.js';
import { type VaultUpdate, vaultCreateSchema, vaultUpdateSchema } from './vault-schema.js';

export type Vault = Anthropic.Beta.Vaults.BetaManagedAgentsVault;
type VaultSettings = Pick<Vault, 'display_name' | 'metadata'>;

export interface Vaults {
  create(body: unknown): Promise<Vault>;
  retrieve(id: string): Promise<Vault>;
  /** Refused once it is archived. */
  update(id: string, body: unknown): Promise<Vault>;
  /** Newest first. */
  list(query: ArchivableQuery): Promise<Page<Vault, AgeCursor>>;
  /** With all its credentials; nothing is left of them. */
  delete(id: string): Promise<Anthropic.Beta.Vaults.BetaManagedAgentsDeletedVault>;
  /** With all its credentials, whose secrets are gone then. Idempotent. */
  archive(id: string): Promise<Vault>;
}

export function createVaults(deps: NounDeps): Vaults {
  const { db, clock, workspace, announce } = deps;
  return {
    async create(body) {
      const params = validate(vaultCreateSchema, body);
      const now = clock();
      const settings: VaultSettings = { display_name: params.display_name, metadata: params.metadata ?? {} };
      const row = { id: newId('vlt'), workspace, created_at: now, updated_at: now, archived_at: null };
      const stored = { ...row, settings: JSON.stringify(settings) };
      await db.transaction().execute(async (tx) => {
        await tx.insertInto('vaults').values(stored).execute();
        await announce(tx, { type: 'vault.created', id: row.id });
      });
      return toVault(stored);
    },

    retrieve: (id) => readVault(db, workspace, id),

    update(id, body) {
      const update = validate(vaultUpdateSchema, body);
      return db.transaction().execute(async (tx) => {
        const current = await readActiveVault(tx, workspace, id);
        return updateVault(tx, current, update, clock());
      });
    },

    async list(query) {
      const rows = await db
        .selectFrom('vaults')
        .selectAll()
        .where('workspace', '=', workspace)
        .$call(newestLiveFirst(query))
        .execute();
      return toPage(rows, query.limit, toVault);
    },

    delete: (id) =>
      db.transaction().execute(async (tx) => {
        await deleteVault(tx, workspace, id);
        await announce(tx, { type: 'vault.deleted', id });
        return { id, type: 'vault_deleted' };
      }),

    archive: (id) => db.transaction().execute((tx) => archiveVault({ ...deps, db: tx }, id)),
  };
}

/** One vault; `not_found_error` when there is none. Takes part in a transaction when given one. */
export async function readVault(db: Database, workspace: string, id: string): Promise<Vault> {
  const row = await db
    .selectFrom('vaults')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no vault ${id}.`);
  return toVault(row);
}

/** The same, but what is archived is refused. */
export async function readActiveVault(db: Database, workspace: string, id: string): Promise<Vault> {
  const vault = await readVault(db, workspace, id);
  if (vault.archived_at !== null) throw invalid('vault_id', `vault ${id} is archived and cannot be changed`);
  return vault;
}

async function updateVault(tx: Database, current: Vault, update: VaultUpdate, now: number): Promise<Vault> {
  const { display_name, metadata } = current;
  const settings: VaultSettings = {
    display_name: update.display_name ?? display_name,
    metadata: mergeMetadata(metadata, update.metadata),
  };
  if (isDeepStrictEqual(settings, { display_name, metadata })) return current;
  await tx
    .updateTable('vaults')
    .set({ settings: JSON.stringify(settings), updated_at: now })
    .where('id', '=', current.id)
    .execute();
  return { ...current, ...settings, updated_at: toTimestamp(now) };
}

async function deleteVault(tx: Database, workspace: string, id: string): Promise<void> {
  await readVault(tx, workspace, id);
  await tx.deleteFrom('vault_credentials').where('vault_id', '=', id).execute();
  await tx.deleteFrom('vaults').where('id', '=', id).execute();
}

async function archiveVault({ db, clock, workspace, announce }: NounDeps, id: string): Promise<Vault> {
  const current = await readVault(db, workspace, id);
  if (current.archived_at !== null) return current;
  const now = clock();
  const archived = { archived_at: now, updated_at: now };
  await db.updateTable('vaults').set(archived).where('id', '=', id).execute();
  const credentials = await db
    .updateTable('vault_credentials')
    .set({ ...archived, target: null, key_id: null, secret: null })
    .where('vault_id', '=', id)
    .where('archived_at', 'is', null)
    .returning('id')
    .execute();
  await announce(db, { type: 'vault.archived', id });
  for (const credential of credentials) {
    await announce(db, { type: 'vault_credential.archived', id: credential.id, vault_id: id });
  }
  return { ...current, archived_at: toTimestamp(now), updated_at: toTimestamp(now) };
}

function toVault(row: VaultRow): Vault {
  // Written above and by nothing else.
  const settings = JSON.parse(row.settings) as VaultSettings;
  return {
    type: 'vault',
    id: row.id,
    ...settings,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    archived_at: toTimestamp(row.archived_at),
  };
}
