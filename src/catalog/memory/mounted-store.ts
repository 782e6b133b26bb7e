import { batches } from '../../batches.js';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import type { MemoryRow, MemoryStoreRow } from './memory-tables.js';
import { addMemory, changeMemory, removeMemory, type Write } from './memory-write.js';
import { checkActive, lockStore } from './store-rows.js';

/** A store in a session's sandbox. */
export interface Mounted {
  session_id: string;
  memory_store_id: string;
}

/** What of a store is known to be the same in its directory: the hash of each file, by the memory's path. */
export interface Seen {
  /** The directory that this is true of; null when it was true of none yet. */
  place: string | null;
  /** The store's revision up to which everything was fetched. */
  revision: number;
  files: Map<string, string>;
}

export type Head = Pick<MemoryRow, 'path' | 'memory_version_id' | 'content_sha256'>;

/** A file that was written, or deleted, since it was last the same as its memory. */
export interface LocalChange {
  path: string;
  /** What the memory was then, and has to be still; undefined when there was none. */
  expected: string | undefined;
  /** Null when it was deleted. */
  content: Uint8Array | null;
}

/** What is the same now on both sides, by path; undefined is what is neither here nor there. */
export interface Settled {
  place: string;
  revision: number;
  files: ReadonlyMap<string, string | undefined>;
}

/** Memory stores, as the directories in sandboxes need them. */
export interface MountedStores {
  readSeen(mounted: Mounted): Promise<Seen>;
  /** The store, if it is still there, and what its memories are. */
  readHeads(storeId: string): Promise<{ store: MemoryStoreRow | undefined; heads: Map<string, Head> }>;
  /** The revisions of those stores that are there. */
  readRevisions(storeIds: readonly string[]): Promise<Map<string, number>>;
  /** What versions hold, by their id; of those that were redacted or deleted since there is nothing. */
  readContents(versionIds: readonly string[]): Promise<Map<string, Uint8Array>>;
  settle(mounted: Mounted, settled: Settled): Promise<void>;
  /**
   * Makes versions of what a session has written, by that session: each together with the row that says it was seen, so
   * that a process may die at any moment and the next finds what is still to be done. A memory that is not as expected is
   * left alone. Gives why others were refused, by their paths.
   */
  push(mounted: Mounted, workspace: string, changes: readonly LocalChange[]): Promise<Map<string, string>>;
  /** The sessions that have had this store laid out. */
  readSessions(storeId: string): Promise<string[]>;
  /** Stores that were deleted, and of which something is still laid out. */
  readDeleted(): Promise<string[]>;
  /** Forgets all that is known of a session's directories. */
  forget(sessionId: string): Promise<void>;
}

export function createMountedStores({ db, clock }: { db: Database; clock: Clock }): MountedStores {
  return {
    readSeen: (mounted) => readSeen(db, mounted),
    readHeads: (storeId) => readHeads(db, storeId),

    async readRevisions(ids) {
      const rows = await db.selectFrom('memory_stores').select(['id', 'revision']).where('id', 'in', ids).execute();
      return new Map(rows.map(({ id, revision }) => [id, revision]));
    },

    async readContents(ids) {
      const rows = await db.selectFrom('memory_versions').select(['id', 'content']).where('id', 'in', ids).execute();
      return new Map(rows.flatMap(({ id, content }) => (content === null ? [] : [[id, content] as const])));
    },

    settle: (mounted, settled) => db.transaction().execute((tx) => settle(tx, mounted, settled)),

    push: (mounted, workspace, changes) =>
      db.transaction().execute(async (tx) => {
        const store = await lockStore(tx, workspace, mounted.memory_store_id);
        const actor = { type: 'session_actor', session_id: mounted.session_id } as const;
        return pushAll({ tx, clock, store, actor }, mounted, changes);
      }),

    async readSessions(storeId) {
      const rows = db.selectFrom('memory_mounts').select('session_id').where('memory_store_id', '=', storeId);
      return (await rows.execute()).map(({ session_id }) => session_id);
    },

    async readDeleted() {
      const rows = await db
        .selectFrom('memory_mount_files')
        .leftJoin('memory_stores', 'memory_stores.id', 'memory_store_id')
        .select('memory_store_id')
        .distinct()
        .where('memory_stores.id', 'is', null)
        .execute();
      return rows.map(({ memory_store_id }) => memory_store_id);
    },

    async forget(sessionId) {
      for (const table of ['memory_mount_files', 'memory_mounts'] as const) {
        await db.deleteFrom(table).where('session_id', '=', sessionId).execute();
      }
    },
  };
}

async function readSeen(db: Database, { session_id, memory_store_id }: Mounted): Promise<Seen> {
  const mount = await db
    .selectFrom('memory_mounts')
    .select(['place', 'revision'])
    .where('session_id', '=', session_id)
    .where('memory_store_id', '=', memory_store_id)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('memory_mount_files')
    .select(['path', 'content_sha256'])
    .where('session_id', '=', session_id)
    .where('memory_store_id', '=', memory_store_id)
    .execute();
  const files = new Map(rows.map(({ path, content_sha256 }) => [path, content_sha256]));
  return { place: mount?.place ?? null, revision: mount?.revision ?? NEVER, files };
}

/** Before the revision of any store. */
const NEVER = -1;

async function readHeads(
  db: Database,
  id: string,
): Promise<{ store: MemoryStoreRow | undefined; heads: Map<string, Head> }> {
  // In this order: a memory that comes meanwhile is fetched once more, and none is missed.
  const store = await db.selectFrom('memory_stores').selectAll().where('id', '=', id).executeTakeFirst();
  const rows = await db
    .selectFrom('memories')
    .select(['path', 'memory_version_id', 'content_sha256'])
    .where('memory_store_id', '=', id)
    .execute();
  return { store, heads: new Map(rows.map((row) => [row.path, row])) };
}

async function settle(tx: Database, mounted: Mounted, { place, revision, files }: Settled): Promise<void> {
  for (const some of batches([...files], AT_ONCE)) await saveFiles(tx, mounted, new Map(some));
  await tx
    .insertInto('memory_mounts')
    .values({ ...mounted, place, revision })
    .onConflict((at) => at.columns(['session_id', 'memory_store_id']).doUpdateSet({ place, revision }))
    .execute();
}

/** A statement takes so many values in any database. */
const AT_ONCE = 100;

async function pushAll(write: Write, mounted: Mounted, changes: readonly LocalChange[]): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (const change of changes) {
    const why = await pushOne(write, mounted, change);
    if (why !== undefined) refused.set(change.path, why);
  }
  return refused;
}

async function pushOne(write: Write, mounted: Mounted, change: LocalChange): Promise<string | undefined> {
  const { tx, store } = write;
  const { path, expected, content } = change;
  const current = await tx
    .selectFrom('memories')
    .selectAll()
    .where('memory_store_id', '=', store.id)
    .where('path', '=', path)
    .executeTakeFirst();
  if (current?.content_sha256 !== expected) return undefined;
  try {
    const written = await carryOut(write, current, { path, content });
    await saveFiles(tx, mounted, new Map([[path, written?.content_sha256]]));
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

async function carryOut(
  write: Write,
  current: MemoryRow | undefined,
  { path, content }: { path: string; content: Uint8Array | null },
): Promise<MemoryRow | undefined> {
  if (content !== null) {
    checkActive(write.store);
    return current ? changeMemory(write, current, { path, content }) : addMemory(write, path, content);
  }
  if (current) await removeMemory(write, current);
  return undefined;
}

async function saveFiles(
  tx: Database,
  mounted: Mounted,
  files: ReadonlyMap<string, string | undefined>,
): Promise<void> {
  const gone = [...files.keys()].filter((path) => files.get(path) === undefined);
  const there = [...files].flatMap(([path, content_sha256]) =>
    content_sha256 === undefined ? [] : [{ ...mounted, path, content_sha256 }],
  );
  if (gone.length > 0) {
    await tx
      .deleteFrom('memory_mount_files')
      .where('session_id', '=', mounted.session_id)
      .where('memory_store_id', '=', mounted.memory_store_id)
      .where('path', 'in', gone)
      .execute();
  }
  if (there.length === 0) return;
  await tx
    .insertInto('memory_mount_files')
    .values(there)
    .onConflict((at) =>
      at
        .columns(['session_id', 'memory_store_id', 'path'])
        .doUpdateSet((eb) => ({ content_sha256: eb.ref('excluded.content_sha256') })),
    )
    .execute();
}
