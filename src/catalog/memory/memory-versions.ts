import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { type AgeCursor, type AgeQuery, newestFirst, type Page, toPage } from '../page.js';
import type { MemoryVersionRow } from './memory-tables.js';
import { invalid } from '../validate.js';
import { type Actor, actorColumns } from './actor.js';
import type { View } from './memory-rows.js';
import type { MemoryStoresDeps } from './memory-stores.js';
import { lockStore, readStore } from './store-rows.js';
import { type MemoryVersion, toVersion, VERSION_COLUMNS } from './version-rows.js';

/** What a store's memories were, change by change. Kept until the store is deleted. */
export interface MemoryVersions {
  retrieve(storeId: string, id: string, view: View): Promise<MemoryVersion>;
  /** Newest first. */
  list(storeId: string, query: VersionQuery): Promise<Page<MemoryVersion, AgeCursor>>;
  /** Takes away what was in it for good. Refused of what a memory holds now. Idempotent. */
  redact(actor: Actor, storeId: string, id: string): Promise<MemoryVersion>;
}

export interface VersionQuery extends AgeQuery {
  view: View;
  api_key_id?: string;
  service_account_id?: string;
  session_id?: string;
  memory_id?: string;
  operation?: MemoryVersion['operation'];
  created_at?: { gte?: number; lte?: number };
}

export function createMemoryVersions({ db, clock, workspace, mounts }: MemoryStoresDeps): MemoryVersions {
  return {
    async retrieve(storeId, id, view) {
      await readStore(db, workspace, storeId);
      return toVersion(await readVersion(db, storeId, id), view);
    },

    async list(storeId, query) {
      await readStore(db, workspace, storeId);
      const rows = await selectVersions(db, storeId, query).$call(newestFirst(query)).execute();
      return toPage(rows, query.limit, (row) => toVersion(row, query.view));
    },

    async redact(actor, storeId, id) {
      const redacted = await db.transaction().execute(async (tx) => {
        await lockStore(tx, workspace, storeId);
        const row = await readVersion(tx, storeId, id);
        if (row.redacted_at !== null) return row;
        await checkPast(tx, row);
        return redact(tx, row, { actor, now: clock() });
      });
      mounts.refreshStore(storeId);
      return toVersion(redacted, 'full');
    },
  };
}

async function readVersion(db: Database, storeId: string, id: string): Promise<MemoryVersionRow> {
  const row = await db
    .selectFrom('memory_versions')
    .selectAll()
    .where('id', '=', id)
    .where('memory_store_id', '=', storeId)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no memory version ${id} in memory store ${storeId}.`);
  return row;
}

function selectVersions(db: Database, storeId: string, query: VersionQuery) {
  const { created_at: { gte, lte } = {}, memory_id, operation } = query;
  let rows = db
    .selectFrom('memory_versions')
    .select(VERSION_COLUMNS)
    .$if(query.view === 'full', (all) => all.select('content'))
    .where('memory_store_id', '=', storeId);
  for (const [type, id] of authorsOf(query)) {
    rows = rows.where('created_by_type', '=', type).where('created_by_id', '=', id);
  }
  if (memory_id !== undefined) rows = rows.where('memory_id', '=', memory_id);
  if (operation !== undefined) rows = rows.where('operation', '=', operation);
  if (gte !== undefined) rows = rows.where('created_at', '>=', gte);
  if (lte !== undefined) rows = rows.where('created_at', '<=', lte);
  return rows;
}

/** A version has one author, so two of a kind match nothing. */
function authorsOf({ api_key_id, service_account_id, session_id }: VersionQuery): [Actor['type'], string][] {
  const given: [Actor['type'], string | undefined][] = [
    ['api_actor', api_key_id],
    ['service_account_actor', service_account_id],
    ['session_actor', session_id],
  ];
  return given.flatMap(([type, id]) => (id === undefined ? [] : [[type, id]]));
}

async function checkPast(tx: Database, { id }: MemoryVersionRow): Promise<void> {
  const live = await tx.selectFrom('memories').select('id').where('memory_version_id', '=', id).executeTakeFirst();
  if (!live) return;
  throw invalid('memory_version_id', `version ${id} is what memory ${live.id} holds; change or delete that first`);
}

async function redact(
  tx: Database,
  row: MemoryVersionRow,
  { actor, now }: { actor: Actor; now: number },
): Promise<MemoryVersionRow> {
  const { type, id } = actorColumns(actor);
  const nothing = { path: null, content: null, content_sha256: null, content_size_bytes: null };
  const redacted = { ...nothing, redacted_at: now, redacted_by_type: type, redacted_by_id: id };
  await tx.updateTable('memory_versions').set(redacted).where('id', '=', row.id).execute();
  return { ...row, ...redacted };
}
