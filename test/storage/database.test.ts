import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../src/storage/database.js';

let dir: string;
let db: Database;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-storage-'));
  db = await openDatabase(dir);
});

afterEach(async () => {
  await db.destroy();
  rmSync(dir, { recursive: true, force: true });
});

test('both files are in WAL mode, the catalog is synced at every commit', async () => {
  expect(await read('main.journal_mode')).toBe('wal');
  expect(await read('projection.journal_mode')).toBe('wal');
  expect(await read('main.synchronous')).toBe(2);
  expect(await read('projection.synchronous')).toBe(1);
});

test('opening again keeps the rows and runs no migration twice', async () => {
  await addState('sesn_1');
  await addAgent('agent_1');
  await db.destroy();
  db = await openDatabase(dir);
  expect(await db.selectFrom('projection.session_states').selectAll().execute()).toHaveLength(1);
  expect(await db.selectFrom('agents').selectAll().execute()).toHaveLength(1);
});

test('P1: a projection file that was deleted comes back empty, the catalog is untouched', async () => {
  await addState('sesn_1');
  await addAgent('agent_1');
  await db.destroy();
  rmSync(join(dir, 'projection.db'));
  db = await openDatabase(dir);
  expect(await db.selectFrom('projection.session_states').selectAll().execute()).toEqual([]);
  expect(await db.selectFrom('agents').selectAll().execute()).toHaveLength(1);
});

test('bytes survive', async () => {
  const token = new Uint8Array([0, 1, 255]);
  const row = { thread: 'sesn_1', run_id: 'r', token, last_event_id: 3, decoder: '{}', seq: 2 ** 45 };
  await db.insertInto('projection.threads').values(row).execute();
  const read = await db.selectFrom('projection.threads').selectAll().executeTakeFirstOrThrow();
  expect({ ...read, token: new Uint8Array(read.token ?? []) }).toEqual(row);
});

test.each(['schema_version', 'projection.schema_version'] as const)(
  'a newer %s is refused with a clear message',
  async (table) => {
    await db.insertInto(table).values({ version: 99 }).execute();
    await db.destroy();
    await expect(openDatabase(dir)).rejects.toThrow(/written by a newer Drover/);
    await rewind(table);
  },
);

test('a full disk is a clear error that passes, and the transaction leaves nothing behind', async () => {
  await addAgent('agent_1');
  const pages = await sql<{ page_count: number }>`pragma main.page_count`.execute(db);
  // The engine's own limit gives the same SQLITE_FULL as a full file system.
  await sql`pragma main.max_page_count = ${sql.raw(String(pages.rows[0]?.page_count))}`.execute(db);
  const fill = db.transaction().execute(async (tx) => {
    await tx.updateTable('agents').set({ version: 2 }).execute();
    for (let n = 1; n < 20; n++) {
      const config = 'x'.repeat(4_000);
      await tx
        .insertInto('agent_versions')
        .values({ agent_id: 'agent_1', version: n, workspace: 'w', created_at: 1, config })
        .execute();
    }
  });
  await expect(fill).rejects.toMatchObject({ type: 'unavailable_error', status: 503, retryAfter: 5 });
  expect(await db.selectFrom('agents').select('version').execute()).toEqual([{ version: 1 }]);

  await sql`pragma main.max_page_count = 1000000`.execute(db);
  await addAgent('agent_2');
  expect(await db.selectFrom('agents').selectAll().execute()).toHaveLength(2);
});

test('an error that is not about space keeps its own face', async () => {
  await addAgent('agent_1');
  await expect(addAgent('agent_1')).rejects.toMatchObject({ code: 'ERR_SQLITE_ERROR' });
});

async function read(pragma: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(pragma)}`.execute(db);
  return Object.values(rows[0] ?? {})[0];
}

async function addAgent(id: string): Promise<void> {
  await db.insertInto('agents').values({ id, workspace: 'w', version: 1, created_at: 1, archived_at: null }).execute();
}

async function addState(session_id: string): Promise<void> {
  await db
    .insertInto('projection.session_states')
    .values({ session_id, status: 'idle', state: '{}', updated_at: 1 })
    .execute();
}

/** So that the directory can be opened, and closed, again. */
async function rewind(table: 'schema_version' | 'projection.schema_version'): Promise<void> {
  rmSync(dir, { recursive: true, force: true });
  db = await openDatabase(dir);
  expect(await db.selectFrom(table).selectAll().execute()).not.toContainEqual({ version: 99 });
}
