import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase, STORE } from '../support/database.js';
import { runSource } from '../temporal/child.js';

let dir: string;
let place: string;
let db: Database;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-storage-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
});

afterEach(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

test('opening again keeps the rows and runs no migration twice', async () => {
  await addState('sesn_1');
  await addAgent('agent_1');
  await db.destroy();
  db = await openDatabase(place);
  expect(await db.selectFrom('projection.session_states').selectAll().execute()).toHaveLength(1);
  expect(await db.selectFrom('agents').selectAll().execute()).toHaveLength(1);
});

test('P1: a projection that was deleted comes back empty, the catalog is untouched', async () => {
  await addState('sesn_1');
  await addAgent('agent_1');
  if (STORE === 'postgres') await sql`drop schema projection cascade`.execute(db);
  await db.destroy();
  if (STORE === 'sqlite') rmSync(join(dir, 'projection.db'));
  db = await openDatabase(place);
  expect(await db.selectFrom('projection.session_states').selectAll().execute()).toEqual([]);
  expect(await db.selectFrom('agents').selectAll().execute()).toHaveLength(1);
});

test('bytes survive, and numbers are numbers: large ones, counts and sums', async () => {
  const token = new Uint8Array([0, 1, 255]);
  const row = { thread: 'sesn_1', run_id: 'r', token, last_event_id: 3, decoder: '{}', seq: 2 ** 52 + 1 };
  await db.insertInto('projection.threads').values(row).execute();
  const read = await db.selectFrom('projection.threads').selectAll().executeTakeFirstOrThrow();
  expect(read.token).toBeInstanceOf(Uint8Array);
  expect({ ...read, token: new Uint8Array(read.token ?? []) }).toEqual(row);
  const { count, sum, most } = await db
    .selectFrom('projection.threads')
    .select(({ fn }) => [fn.countAll().as('count'), fn.sum('last_event_id').as('sum'), fn.max('seq').as('most')])
    .executeTakeFirstOrThrow();
  expect({ count, sum, most }).toEqual({ count: 1, sum: 3, most: 2 ** 52 + 1 });
});

test('text is ordered by its bytes, whatever language the store sorts in', async () => {
  const ids = ['a', 'B', '_', 'é', 'Z', 'aB', 'a_', '0', '😀', '￿'];
  for (const id of ids) await addAgent(id);
  const rows = await db.selectFrom('agents').select('id').orderBy('id').execute();
  expect(rows.map(({ id }) => id)).toEqual(ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect(await db.selectFrom('agents').select('id').where('id', '>', 'Z').where('id', '<', 'a').execute()).toEqual([
    { id: '_' },
  ]);
});

test.each(['schema_version', 'projection.schema_version'] as const)(
  'a newer %s is refused with a clear message',
  async (table) => {
    await db.insertInto(table).values({ version: 99 }).execute();
    await expect(openDatabase(place)).rejects.toThrow(/written by a newer Drover/);
  },
);

test('an error that is the statement’s own keeps its face', async () => {
  await addAgent('agent_1');
  await expect(addAgent('agent_1')).rejects.toMatchObject({
    code: STORE === 'sqlite' ? 'ERR_SQLITE_ERROR' : '23505',
  });
});

test('several that start at once on an empty place: one makes the tables, all of them can use them', async () => {
  const empty = mkdtempSync(join(dir, 'empty-'));
  const at = await newDatabase(empty, { migrated: false });
  const children = Array.from({ length: 3 }, () => run(at, `db.selectFrom('agents').selectAll().execute()`));
  for (const child of children) expect(await child.line()).toBe('[]');
  const here = await openDatabase(at);
  const versions = await here.selectFrom('schema_version').select('version').orderBy('version').execute();
  expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
  await here.destroy();
  await dropDatabase(at);
});

test('what a transaction has read holds until it is committed: no count is passed, no change is lost', async () => {
  await addAgent('counter');
  const work = `Promise.all(Array.from({ length: 20 }, (_, n) => db.transaction().execute(async (tx) => {
    const { version } = await tx.selectFrom('agents').select('version').where('id', '=', 'counter').executeTakeFirst();
    await tx.updateTable('agents').set({ version: version + 1 }).where('id', '=', 'counter').execute();
    const few = await tx.selectFrom('agents').select('id').where('workspace', '=', 'few').execute();
    if (few.length >= 5) return;
    const row = { id: process.pid + '.' + n, workspace: 'few', version: 1, created_at: 1, archived_at: null };
    await tx.insertInto('agents').values(row).execute();
  }))).then(() => 'done')`;
  const children = [run(place, work), run(place, work)];
  for (const child of children) expect(await child.line()).toBe('"done"');
  const { version } = await db
    .selectFrom('agents')
    .select('version')
    .where('id', '=', 'counter')
    .executeTakeFirstOrThrow();
  expect(version).toBe(41);
  expect(await db.selectFrom('agents').select('id').where('workspace', '=', 'few').execute()).toHaveLength(5);
});

test('a transaction that fails leaves nothing, and the next one works', async () => {
  const failing = db.transaction().execute(async (tx) => {
    await tx.insertInto('agents').values(agent('agent_1')).execute();
    throw new Error('changed its mind');
  });
  await expect(failing).rejects.toThrow('changed its mind');
  await db.transaction().execute((tx) => tx.insertInto('agents').values(agent('agent_1')).execute());
  expect(await db.selectFrom('agents').selectAll().execute()).toHaveLength(1);
});

/** Another process that opens the place and prints what comes of the expression. */
function run(at: string, expression: string) {
  return runSource(
    `const { openDatabase } = load(${JSON.stringify(join(__dirname, '../../src/storage/open.ts'))});
     openDatabase(${JSON.stringify(at)}).then(async (db) => {
       console.log(JSON.stringify(await ${expression}));
       await db.destroy();
     });`,
  );
}

function agent(id: string) {
  return { id, workspace: 'w', version: 1, created_at: 1, archived_at: null };
}

async function addAgent(id: string): Promise<void> {
  await db.insertInto('agents').values(agent(id)).execute();
}

async function addState(session_id: string): Promise<void> {
  await db
    .insertInto('projection.session_states')
    .values({ session_id, status: 'idle', state: '{}', updated_at: 1 })
    .execute();
}
