import { sql } from 'kysely';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { type Cluster, createCluster } from '../../bench/drive/postgres-server.js';

declare const POSTGRES_BIN: string;

let cluster: Cluster;
let db: Database;
beforeAll(async () => {
  cluster = await createCluster(POSTGRES_BIN);
});
beforeEach(async () => {
  await cluster.start();
  db = await openDatabase(cluster.urlOf('postgres'));
});
afterEach(() => db.destroy());
afterAll(() => cluster.remove());

const UNAVAILABLE = { type: 'unavailable_error', status: 503, retryAfter: 1 };

function ask(from: Database = db): Promise<unknown[]> {
  return from.selectFrom('agents').select('id').execute();
}

test('while the server is away every statement says so; when it is back they work, without a word to us', async () => {
  // Several connections, that they all have to be given up.
  await Promise.all(Array.from({ length: 5 }, () => sql`select pg_sleep(0.05)`.execute(db)));
  await cluster.crash();
  await expect(ask()).rejects.toMatchObject(UNAVAILABLE);
  await expect(db.transaction().execute((tx) => ask(tx))).rejects.toMatchObject(UNAVAILABLE);
  await expect(openDatabase(cluster.urlOf('postgres'))).rejects.toMatchObject(UNAVAILABLE);
  await cluster.start();
  await Promise.all(Array.from({ length: 5 }, () => ask()));
});

test('a server that goes in the midst of a statement or a transaction: unavailable, and nothing of it is kept', async () => {
  const asleep = sql`select pg_sleep(60)`.execute(db).catch((error: unknown) => error);
  const half = db.transaction().execute(async (tx) => {
    const row = { id: 'half', workspace: 'w', version: 1, created_at: 1, archived_at: null };
    await tx.insertInto('agents').values(row).execute();
    await cluster.crash();
    await ask(tx);
  });
  await expect(half).rejects.toMatchObject(UNAVAILABLE);
  expect(await asleep).toMatchObject(UNAVAILABLE);
  await cluster.start();
  expect(await ask()).toEqual([]);
});

test('a connection that an administrator ends is not used again', async () => {
  await ask();
  const others = db
    .transaction()
    .execute(() =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()`.execute(db),
    );
  await others.catch(() => {});
  await expect(
    (async () => {
      // What was taken from the pool just then may still have been lost.
      for (let tries = 0; ; tries++) {
        try {
          return await ask();
        } catch (error) {
          if (tries === 5) throw error;
        }
      }
    })(),
  ).resolves.toEqual([]);
});

test('a character that Postgres cannot keep is the caller’s fault', async () => {
  const found = db.selectFrom('agents').select('id').where('id', '=', 'a\0b').execute();
  await expect(found).rejects.toMatchObject({ type: 'invalid_request_error', status: 400 });
});

test('in a transaction that names another level, a conflict is not tried again', async () => {
  let runs = 0;
  const failing = db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (tx) => {
      runs += 1;
      await sql`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`.execute(tx);
    });
  await expect(failing).rejects.toMatchObject({ code: '40001' });
  expect(runs).toBe(1);
});

test('a conflict that does not end is unavailable_error after some attempts, and others are not held up by it', async () => {
  let runs = 0;
  const failing = db.transaction().execute(async (tx) => {
    runs += 1;
    await sql`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`.execute(tx);
  });
  await expect(failing).rejects.toMatchObject(UNAVAILABLE);
  expect(runs).toBeGreaterThan(4);
  expect(await db.transaction().execute((tx) => ask(tx))).toEqual([]);
});
