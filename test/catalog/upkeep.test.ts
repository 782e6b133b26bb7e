import { newWorkspace } from '../support/admin.js';
import { startTestServer, type TestServer } from '../support/app.js';

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

test('files expire in whatever workspace they are, and what is swept is nobody’s', async () => {
  const { client } = await newWorkspace(server);
  const upload = (text: string, more: object = {}) =>
    client.beta.files.upload({ file: new File([text], 'a.txt'), ...more });
  const kept = await upload('kept');
  const expired = await upload('expired', { expires_in_seconds: 3_600 });
  now += 2 * HOUR_MS;
  await server.catalog.files.removeExpired();
  await server.catalog.files.sweep();
  const rows = await server.db.selectFrom('files').select(['id', 'content']).orderBy('created_at').execute();
  expect(rows).toEqual([
    { id: kept.id, content: expect.any(String) },
    { id: expired.id, content: null },
  ]);
  const ids = (await client.beta.files.list()).data.map(({ id }) => id);
  expect(ids).toContain(kept.id);
});
