import { Kysely, sql } from 'kysely';
import type { Database, Tables } from '../../src/storage/database.js';
import { createPostgresDialect } from '../../src/storage/postgres.js';
import { dropDatabase, newDatabase } from '../support/database.js';
import { patience } from '../support/patience.js';
import { openProxy, type Proxy } from '../support/postgres/proxy.js';

/** Longer than any statement here takes by itself. */
const ANSWER_MS = patience(600);
const UNAVAILABLE = { type: 'unavailable_error', status: 503, retryAfter: 1 };

let place: string;
let proxy: Proxy;
let db: Database;
beforeAll(async () => {
  place = await newDatabase('');
  proxy = await openProxy(place);
});
beforeEach(() => {
  db = new Kysely<Tables>({ dialect: createPostgresDialect(proxy.place, { answerMs: ANSWER_MS }) });
});
afterEach(async () => {
  proxy.restore();
  await db.destroy();
});
afterAll(async () => {
  await proxy.close();
  await dropDatabase(place);
});

function ask(from: Database = db): Promise<unknown[]> {
  return from.selectFrom('agents').select('id').execute();
}

function insert(into: Database, id: string): Promise<unknown> {
  return into
    .insertInto('agents')
    .values({ id, workspace: 'w', version: 1, created_at: 1, archived_at: null })
    .execute();
}

async function idsIn(from: Database): Promise<string[]> {
  return (await from.selectFrom('agents').select('id').orderBy('id').execute()).map(({ id }) => id);
}

test('a server that goes silent is unavailable in time, and works again when it is back', async () => {
  await Promise.all(Array.from({ length: 4 }, () => sql`select pg_sleep(0.02)`.execute(db)));
  proxy.silence();
  const begun = performance.now();
  const asked = [ask(), ask(), ask(), db.transaction().execute((tx) => ask(tx))];
  for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ reason: UNAVAILABLE });
  // A transaction does not wait once more, to be rolled back.
  expect(performance.now() - begun).toBeLessThan(patience(2 * ANSWER_MS));
  proxy.restore();
  await Promise.all(Array.from({ length: 20 }, () => ask()));
});

test('an answer that comes too late is nobody else’s', async () => {
  const slow = sql`select 'late' as id, pg_sleep(${(2 * ANSWER_MS) / 1_000})`.execute(db);
  await expect(slow).rejects.toMatchObject(UNAVAILABLE);
  for (let at = 0; at < 20; at += 1) expect(await ask()).toEqual([]);
});

test('a transaction that has lost its connection does nothing more, also where its callback goes on', async () => {
  const failing = db.transaction().execute(async (tx) => {
    await insert(tx, 'half');
    proxy.cut();
    await ask(tx).catch(() => {});
    proxy.restore();
    await insert(tx, 'other half');
  });
  await expect(failing).rejects.toMatchObject(UNAVAILABLE);
  expect(await idsIn(db)).toEqual([]);
});

test('a commit whose answer is lost is unavailable, and is there', async () => {
  const lost = proxy.loseCommit('insert into "agents"');
  await expect(db.transaction().execute((tx) => insert(tx, 'kept'))).rejects.toMatchObject(UNAVAILABLE);
  await lost;
  expect(await idsIn(db)).toEqual(['kept']);
  await db.deleteFrom('agents').execute();
});

test('a transaction of a machine that has vanished does not keep its locks', async () => {
  const setting = await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ ms: string }>`select setting as ms from pg_settings
      where name = 'idle_in_transaction_session_timeout'`.execute(tx);
    return Number(rows[0]?.ms);
  });
  expect(setting).toBeGreaterThan(0);
  expect(setting).toBeLessThanOrEqual(60_000);
});
