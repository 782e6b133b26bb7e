import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
let stores: Anthropic['beta']['memoryStores'];
beforeAll(async () => {
  server = await startTestServer();
  stores = server.client.beta.memoryStores;
});
afterAll(() => server.stop());

test('create and retrieve', async () => {
  const store = await stores.create({ name: 'Ünit tests', description: 'd', metadata: { user: 'u1' } });
  expect({ ...store }).toEqual({
    type: 'memory_store',
    id: expect.stringMatching(/^memstore_\w{24}$/),
    name: 'Ünit tests',
    description: 'd',
    metadata: { user: 'u1' },
    created_at: expect.stringMatching(/Z$/),
    updated_at: store.created_at,
    archived_at: null,
  });
  expect(await stores.retrieve(store.id)).toEqual(store);
  // Names need not be unique.
  expect(await stores.create({ name: 'Ünit tests' })).toMatchObject({ description: '', metadata: {} });
});

test('update: what is omitted or null stays, metadata is merged, a description is cleared with ""', async () => {
  const { id, ...before } = await stores.create({ name: 'a', description: 'd', metadata: { a: '1', b: '2' } });
  expect(await stores.update(id, {})).toMatchObject(before);
  expect(await stores.update(id, { name: null, metadata: null })).toMatchObject(before);
  const updated = await stores.update(id, { name: 'b', description: '', metadata: { a: null, c: '' } });
  expect(updated).toMatchObject({ name: 'b', description: '', metadata: { b: '2', c: '' } });
  expect(updated.updated_at > before.updated_at).toBe(true);
  expect(await stores.retrieve(id)).toEqual(updated);
  expect(await stores.update(id, { description: 'e' })).toMatchObject({ description: 'e' });
  expect(await stores.update(id, { description: null })).toMatchObject({ description: '' });
});

test.each<[string, object, RegExp]>([
  ['no name', { name: undefined }, /name: is required/],
  ['an empty name', { name: '' }, /name: /],
  ['a long name', { name: 'x'.repeat(256) }, /name: /],
  ['a control character in the name', { name: 'a\u0007' }, /name: must have no control/],
  ['a long description', { description: 'x'.repeat(1_025) }, /description: /],
  ['a long metadata value', { metadata: { k: 'x'.repeat(513) } }, /metadata\.k: /],
  ['what is not known', { path: '/x' }, /path/],
])('create with %s is 400', async (_what, change, message) => {
  const error = await stores.create({ name: 's', ...change }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
});

test('lists are newest first, in pages, by age, without the archived ones unless asked for', async () => {
  const made: Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryStore[] = [];
  for (let n = 0; n < 45; n++) made.unshift(await stores.create({ name: `s${n}` }));
  const [gone] = made;
  await stores.archive(gone?.id ?? '');
  const seen = async (query: object) => {
    const ids: string[] = [];
    for await (const { id } of stores.list({ limit: 20, ...query })) ids.push(id);
    return ids.filter((id) => made.some((store) => store.id === id));
  };
  const ids = made.map(({ id }) => id);
  expect(await seen({ include_archived: true })).toEqual(ids);
  expect(await seen({})).toEqual(ids.slice(1));
  const range = { 'created_at[gte]': made[9]?.created_at, 'created_at[lte]': made[3]?.created_at };
  expect(await seen(range)).toEqual(ids.slice(3, 10));
  expect((await stores.list()).data).toHaveLength(20);
  for (const query of ['limit=0', 'limit=101', 'created_at[gte]=x', 'page=x']) {
    expect((await rawFetch(server, `/v1/memory_stores?${query}`)).status).toBe(400);
  }
});

test('an archived one can be read, and what is in it deleted or redacted, no more', async () => {
  const { id } = await stores.create({ name: 's' });
  const kept = await stores.memories.create(id, { path: '/a', content: '1' });
  const first = kept.memory_version_id;
  await stores.memories.update(kept.id, { memory_store_id: id, content: '2' });
  const archived = await stores.archive(id);
  expect(archived.archived_at).not.toBeNull();
  expect(archived.updated_at).toBe(archived.archived_at);
  expect({ ...(await stores.archive(id)) }).toEqual({ ...archived });
  expect({ ...(await stores.retrieve(id)) }).toEqual({ ...archived });
  const refused = /400.*memory_store_id: .*archived/;
  await expect(stores.update(id, { name: 'x' })).rejects.toThrow(refused);
  await expect(stores.memories.create(id, { path: '/b', content: '' })).rejects.toThrow(refused);
  const change = { memory_store_id: id, content: '3' };
  await expect(stores.memories.update(kept.id, change)).rejects.toThrow(refused);
  const inStore = { memory_store_id: id };
  expect((await stores.memories.retrieve(kept.id, inStore)).content).toBe('2');
  expect((await stores.memories.list(id)).data).toHaveLength(1);
  expect((await stores.memoryVersions.redact(first, inStore)).redacted_at).not.toBeNull();
  await stores.memories.delete(kept.id, inStore);
  expect((await stores.memories.list(id)).data).toEqual([]);
  await stores.delete(id);
});

test('delete is for good, with all that was in it', async () => {
  const { id } = await stores.create({ name: 's' });
  const memory = await stores.memories.create(id, { path: '/a', content: 'x' });
  expect({ ...(await stores.delete(id)) }).toEqual({ id, type: 'memory_store_deleted' });
  const inStore = { memory_store_id: id };
  for (const attempt of [
    () => stores.retrieve(id),
    () => stores.update(id, {}),
    () => stores.archive(id),
    () => stores.delete(id),
    () => stores.memories.list(id),
    () => stores.memories.create(id, { path: '/a', content: '' }),
    () => stores.memories.retrieve(memory.id, inStore),
    () => stores.memoryVersions.list(id),
    () => stores.memoryVersions.retrieve(memory.memory_version_id, inStore),
  ]) {
    await expect(attempt()).rejects.toThrow(NotFoundError);
  }
  for (const table of ['memories', 'memory_versions'] as const) {
    const left = await server.db.selectFrom(table).selectAll().where('memory_store_id', '=', id).execute();
    expect(left).toEqual([]);
  }
});

const ask = (header: string) => rawFetch(server, '/v1/memory_stores', { headers: { 'anthropic-beta': header } });

test('either beta header opens it, both together are refused', async () => {
  expect((await ask('agent-memory-2026-07-22')).status).toBe(200);
  expect((await ask('managed-agents-2026-04-01')).status).toBe(200);
  const refused = await ask('managed-agents-2026-04-01, agent-memory-2026-07-22');
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringMatching(/^anthropic-beta: /) } });
  const attempt = stores.memories.list('memstore_x', { betas: ['managed-agents-2026-04-01'] });
  await expect(attempt).rejects.toThrow(/400.*anthropic-beta: /);
});
