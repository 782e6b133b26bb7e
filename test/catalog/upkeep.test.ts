import { newWorkspace } from '../support/admin.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { planOf, recordQueries } from '../support/query-plans.js';
import { sweepFiles } from '../support/stored-files.js';

const HOUR_MS = 60 * 60 * 1_000;

let now = Date.now();
let server: TestServer;
beforeAll(async () => (server = await startTestServer({ now: () => now })));
afterAll(() => server.stop());

// What a server sees to by itself, it does by the catalog of one workspace.
test('a deletion that did not end is completed in whatever workspace it was', async () => {
  const { client } = await newWorkspace(server);
  const agent = await client.beta.agents.create({ name: 'a', model: 'm' });
  const environment = await client.beta.environments.create({ name: 'e' });
  const { id } = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  await server.db.updateTable('sessions').set({ deleted_at: now }).where('id', '=', id).execute();
  expect(await server.catalog.sessions.listUnfinished()).toEqual([{ id, thread_id: expect.any(String) }]);
  await server.catalog.sessions.finishDeletion(id);
  expect(await server.db.selectFrom('sessions').select('id').execute()).toEqual([]);
});

test('what is whole stays, though it was not when it was listed', async () => {
  const { client } = server;
  const { id: environment_id } = await client.beta.environments.create({ name: 'e' });
  const { id: agent } = await client.beta.agents.create({ name: 'a', model: 'm' });
  const { id } = await client.beta.sessions.create({ agent, environment_id });
  await server.catalog.sessions.finishDeletion(id);
  expect(await client.beta.sessions.retrieve(id)).toMatchObject({ id, status: 'idle' });
  await client.beta.sessions.delete(id);
});

test('a session that a dream is making is left to it, until the dream is over', async () => {
  const { client, catalog, db } = server;
  const { dreams, sessions } = catalog;
  const { id: environment_id } = await client.beta.environments.create({ name: 'e' });
  const { id: agent } = await client.beta.agents.create({ name: 'a', model: 'm' });
  const input = await client.beta.sessions.create({ agent, environment_id });
  const { id: memory_store_id } = await client.beta.memoryStores.create({ name: 's' });
  const { id } = await client.beta.dreams.create({
    inputs: [
      { type: 'memory_store', memory_store_id },
      { type: 'sessions', session_ids: [input.id] },
    ],
    model: 'm',
  });
  await dreams.steps.begin(id);
  const { session_id } = await client.beta.dreams.retrieve(id);
  // As it is when the server dies before the session is visible.
  await db.updateTable('sessions').set({ started_at: null }).where('id', '=', session_id).execute();
  await db.updateTable('dreams').set({ started_at: null, status: 'pending' }).where('id', '=', id).execute();
  expect(await sessions.listUnfinished()).toEqual([]);
  await sessions.finishDeletion(session_id ?? '');
  await client.beta.dreams.cancel(id);
  await dreams.steps.end(id, { timedOut: false });
  expect(await sessions.listUnfinished()).toMatchObject([{ id: session_id }]);
  await sessions.finishDeletion(session_id ?? '');
  expect(await sessions.listUnfinished()).toEqual([]);
  await client.beta.sessions.delete(input.id);
});

test('unfinished sessions are found without a look at all the others', async () => {
  const queries = recordQueries(server.db);
  await server.catalog.sessions.listUnfinished();
  const [query] = queries.take();
  if (!query) throw new Error('nothing was asked');
  const { walks, text } = await planOf(server.db, query);
  // Postgres reads all of two indexes, which hold nothing else.
  expect([walks.filter((walk) => walk !== 'Index Scan sessions'), text]).toEqual([[], text]);
});

test('files expire in whatever workspace they are, and what is swept is nobody’s', async () => {
  const { client } = await newWorkspace(server);
  const upload = (text: string, more: object = {}) =>
    client.beta.files.upload({ file: new File([text], 'a.txt'), ...more });
  const kept = await upload('kept');
  const expired = await upload('expired', { expires_in_seconds: 3_600 });
  now += 2 * HOUR_MS;
  await server.catalog.files.removeExpired();
  await sweepFiles(server);
  const rows = await server.db.selectFrom('files').select(['id', 'content']).orderBy('created_at').execute();
  expect(rows).toEqual([
    { id: kept.id, content: expect.any(String) },
    { id: expired.id, content: null },
  ]);
  const ids = (await client.beta.files.list()).data.map(({ id }) => id);
  expect(ids).toContain(kept.id);
});

test('files that are to expire are found without a look at those that have', async () => {
  const queries = recordQueries(server.db);
  await server.catalog.files.removeExpired();
  const [query] = queries.take();
  if (!query) throw new Error('nothing was asked');
  const { text } = await planOf(server.db, query);
  expect(text).toContain('files_to_expire');
});
