import { isDeepStrictEqual } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { newId } from '../../ids.js';
import { toTimestamp } from '../clock.js';
import { mergeMetadata } from '../metadata.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import type { MemoryStoreRow } from './memory-tables.js';
import { validate } from '../validate.js';
import { type StoreUpdate, storeCreateSchema, storeUpdateSchema } from './memory-schema.js';
import { checkActive, lockStore, readStore } from './store-rows.js';

export type MemoryStore = Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryStore;
export type StoreSettings = Pick<MemoryStore, 'name' | 'description' | 'metadata'>;

export interface MemoryStores {
  create(body: unknown): Promise<MemoryStore>;
  retrieve(id: string): Promise<MemoryStore>;
  /** Refused once it is archived. */
  update(id: string, body: unknown): Promise<MemoryStore>;
  /** Newest first. */
  list(query: MemoryStoreQuery): Promise<Page<MemoryStore, AgeCursor>>;
  /** With all its memories and their versions; nothing is left of them. */
  delete(id: string): Promise<Anthropic.Beta.MemoryStores.BetaManagedAgentsDeletedMemoryStore>;
  /** From then on it can be read, and what is in it deleted or redacted, no more. Idempotent. */
  archive(id: string): Promise<MemoryStore>;
}

export interface MemoryStoreQuery extends ArchivableQuery {
  created_at?: { gte?: number; lte?: number };
}

export interface MemoryStoresDeps extends NounDeps {
  /** Told that something is gone from a store for good. */
  mounts: { refreshStore(storeId: string): void };
}

export function createMemoryStores(deps: MemoryStoresDeps): MemoryStores {
  const { db, clock, workspace, announce, mounts } = deps;
  return {
    async create(body) {
      const { name, description = '', metadata = {} } = validate(storeCreateSchema, body);
      const settings = { name, description, metadata };
      return db.transaction().execute(async (tx) => toStore(await insertStore({ ...deps, db: tx }, settings)));
    },

    retrieve: async (id) => toStore(await readStore(db, workspace, id)),

    update(id, body) {
      const update = validate(storeUpdateSchema, body);
      return db.transaction().execute(async (tx) => {
        const row = await lockStore(tx, workspace, id);
        checkActive(row);
        return updateStore({ ...deps, db: tx }, row, update);
      });
    },

    async list({ created_at: { gte, lte } = {}, ...query }) {
      let rows = db.selectFrom('memory_stores').selectAll().where('workspace', '=', workspace);
      if (gte !== undefined) rows = rows.where('created_at', '>=', gte);
      if (lte !== undefined) rows = rows.where('created_at', '<=', lte);
      return toPage(await rows.$call(newestLiveFirst(query)).execute(), query.limit, toStore);
    },

    async delete(id) {
      const deleted = await db.transaction().execute((tx) => deleteStore({ ...deps, db: tx }, id));
      mounts.refreshStore(id);
      return deleted;
    },

    async archive(id) {
      const now = clock();
      await db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('memory_stores')
          .set({ archived_at: now, updated_at: now })
          .where('id', '=', id)
          .where('workspace', '=', workspace)
          .where('archived_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows > 0n) await announce(tx, { type: 'memory_store.archived', id });
      });
      return toStore(await readStore(db, workspace, id));
    },
  };
}

/** A new store with nothing in it. Takes part in a transaction when given one. */
export async function insertStore(
  { db, clock, workspace, announce }: NounDeps,
  settings: StoreSettings,
): Promise<MemoryStoreRow> {
  const now = clock();
  const row: MemoryStoreRow = {
    id: newId('memstore'),
    workspace,
    created_at: now,
    updated_at: now,
    archived_at: null,
    settings: JSON.stringify(settings),
    revision: 0,
  };
  await db.insertInto('memory_stores').values(row).execute();
  await announce(db, { type: 'memory_store.created', id: row.id });
  return row;
}

/** What can be set of a store. */
export function storeSettings(row: Pick<MemoryStoreRow, 'settings'>): StoreSettings {
  // Written above and below, and by nothing else.
  return JSON.parse(row.settings) as StoreSettings;
}

async function updateStore({ db, clock }: NounDeps, row: MemoryStoreRow, update: StoreUpdate): Promise<MemoryStore> {
  const current = storeSettings(row);
  const settings: StoreSettings = {
    name: update.name ?? current.name,
    description: update.description === undefined ? current.description : (update.description ?? ''),
    metadata: mergeMetadata(current.metadata, update.metadata),
  };
  if (isDeepStrictEqual(settings, current)) return toStore(row);
  const changed = { settings: JSON.stringify(settings), updated_at: clock() };
  await db.updateTable('memory_stores').set(changed).where('id', '=', row.id).execute();
  return toStore({ ...row, ...changed });
}

async function deleteStore({ db, workspace, announce }: NounDeps, id: string) {
  await lockStore(db, workspace, id);
  for (const table of ['memory_versions', 'memories'] as const) {
    await db.deleteFrom(table).where('memory_store_id', '=', id).execute();
  }
  await db.deleteFrom('memory_stores').where('id', '=', id).execute();
  await announce(db, { type: 'memory_store.deleted', id });
  return { id, type: 'memory_store_deleted' as const };
}

function toStore(row: MemoryStoreRow): MemoryStore {
  return {
    type: 'memory_store',
    id: row.id,
    ...storeSettings(row),
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    archived_at: toTimestamp(row.archived_at),
  };
}
