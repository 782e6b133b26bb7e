import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';

let dir: string;
let db: Database;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-sqlite-'));
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
