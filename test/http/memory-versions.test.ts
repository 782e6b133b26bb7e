import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, SECOND_API_KEY, startTestServer, type TestServer } from '../support/app.js';
import { planOf, recordQueries } from '../support/query-plans.js';

let server: TestServer;
let stores: Anthropic['beta']['memoryStores'];
beforeAll(async () => {
  server = await startTestServer();
  stores = server.client.beta.memoryStores;
});
afterAll(() => server.stop());

/** A memory that was made, changed, renamed and deleted; and one that is still there. */
async function history() {
  const { id: store } = await stores.create({ name: 's' });
  const inStore = { memory_store_id: store };
  const { id } = await stores.memories.create(store, { path: '/a', content: '1' });
  await stores.memories.update(id, { ...inStore, content: '22' });
  const other = await stores.memories.create(store, { path: '/other', content: 'o' });
  await stores.memories.update(id, { ...inStore, path: '/b' });
  await stores.memories.delete(id, inStore);
  return { store, inStore, id, other };
}

async function list(store: string, query: Anthropic.Beta.MemoryStores.MemoryVersionListParams = {}) {
  const found: Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryVersion[] = [];
  for await (const version of stores.memoryVersions.list(store, { limit: 2, ...query })) found.push(version);
  return found;
}

test('every change is a version, newest first, with its author; they outlive the memory', async () => {
  const { store, inStore, id, other } = await history();
  const versions = await list(store, { memory_id: id, view: 'full' });
  expect(versions.map(({ operation, path, content }) => [operation, path, content])).toEqual([
    ['deleted', '/b', null],
    ['modified', '/b', '22'],
    ['modified', '/a', '22'],
    ['created', '/a', '1'],
  ]);
  const [deleted, renamed] = versions;
  expect(deleted).toMatchObject({ content_sha256: null, content_size_bytes: null });
  expect(renamed).toEqual({
    type: 'memory_version',
    id: expect.stringMatching(/^memver_\w{24}$/),
    memory_store_id: store,
    memory_id: id,
    operation: 'modified',
    path: '/b',
    content: '22',
    content_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    content_size_bytes: 2,
    created_at: expect.stringMatching(/Z$/),
    created_by: { type: 'api_actor', api_key_id: expect.stringMatching(/./) },
    redacted_at: null,
    redacted_by: null,
  });
  expect(await stores.memoryVersions.retrieve(renamed?.id ?? '', inStore)).toEqual(renamed);
  expect(await list(store)).toHaveLength(5);
  const [kept] = await list(store, { memory_id: other.id });
  expect(kept).toMatchObject({ id: other.memory_version_id, content: null });
});

const ids = (versions: { id: string }[]) => versions.map((version) => version.id);

test('filters', async () => {
  const { store, id, other } = await history();
  const all = await list(store);
  expect(ids(await list(store, { operation: 'modified' }))).toEqual([all[1]?.id, all[3]?.id]);
  expect(ids(await list(store, { operation: 'created', memory_id: id }))).toEqual([all[4]?.id]);
  const between = { 'created_at[gte]': all[3]?.created_at ?? '', 'created_at[lte]': all[1]?.created_at ?? '' };
  expect(ids(await list(store, between))).toEqual(ids(all.slice(1, 4)));
  expect(await list(store, { session_id: 'sesn_x' })).toEqual([]);
  expect(await list(store, { service_account_id: 'svac_x' })).toEqual([]);
  const second = server.client.withOptions({ apiKey: SECOND_API_KEY });
  const theirs = { memory_store_id: store, content: 'theirs' };
  const { memory_version_id } = await second.beta.memoryStores.memories.update(other.id, theirs);
  const [newest] = await list(store);
  expect(newest?.id).toBe(memory_version_id);
  const author = newest?.created_by;
  if (author?.type !== 'api_actor') throw new Error('no key');
  expect(ids(await list(store, { api_key_id: author.api_key_id }))).toEqual([memory_version_id]);
  expect(await list(store, { api_key_id: author.api_key_id, session_id: 'sesn_x' })).toEqual([]);
  for (const query of ['operation=x', 'limit=101', 'created_at[lte]=x', 'page=x']) {
    expect((await rawFetch(server, `/v1/memory_stores/${store}/memory_versions?${query}`)).status).toBe(400);
  }
});

test('redaction takes path and content away for good, and nothing else', async () => {
  const { store, inStore, id } = await history();
  const versions = await list(store, { memory_id: id });
  for (const before of versions) {
    const redacted = await stores.memoryVersions.redact(before.id, inStore);
    expect({ ...redacted }).toEqual({
      ...before,
      path: null,
      content: null,
      content_sha256: null,
      content_size_bytes: null,
      redacted_at: expect.stringMatching(/Z$/),
      redacted_by: before.created_by,
    });
    expect({ ...(await stores.memoryVersions.redact(before.id, inStore)) }).toEqual({ ...redacted });
    expect({ ...(await stores.memoryVersions.retrieve(before.id, inStore)) }).toEqual({ ...redacted });
  }
  const rows = await server.db.selectFrom('memory_versions').selectAll().where('memory_id', '=', id).execute();
  expect(rows.map(({ content, path }) => [content, path])).toEqual(versions.map(() => [null, null]));
});

test('what a memory holds now cannot be redacted; once it is changed it can', async () => {
  const { inStore, other } = await history();
  const attempt = stores.memoryVersions.redact(other.memory_version_id, inStore);
  await expect(attempt).rejects.toThrow(BadRequestError);
  await stores.memories.update(other.id, { ...inStore, path: '/moved' });
  expect((await stores.memoryVersions.redact(other.memory_version_id, inStore)).path).toBeNull();
  expect((await stores.memories.retrieve(other.id, inStore)).content).toBe('o');
});

test('a version of another store is not found', async () => {
  const { store, other } = await history();
  const elsewhere = { memory_store_id: (await stores.create({ name: 't' })).id };
  await expect(stores.memoryVersions.retrieve(other.memory_version_id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(stores.memoryVersions.redact(other.memory_version_id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(stores.memoryVersions.retrieve('memver_x', { memory_store_id: store })).rejects.toThrow(NotFoundError);
});

test.each(['session_id', 'api_key_id'])(
  'those with this %s are found by an index, however many others there are',
  async (by) => {
    const { store } = await history();
    const queries = recordQueries(server.db);
    await list(store, { [by]: 'x' });
    const query = queries.take().find(({ sql }) => sql.includes('order by'));
    if (!query) throw new Error('There was no list.');
    const { lookups, walks } = await planOf(server.db, query);
    expect(lookups).toContain('created_by_id');
    expect(walks).toEqual([]);
  },
);
