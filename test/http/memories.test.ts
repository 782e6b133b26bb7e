import { createHash } from 'node:crypto';
import { APIError, type Anthropic, BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { fillStore } from '../support/memory.js';

let server: TestServer;
let stores: Anthropic['beta']['memoryStores'];
let memories: Anthropic['beta']['memoryStores']['memories'];
beforeAll(async () => {
  server = await startTestServer();
  stores = server.client.beta.memoryStores;
  memories = stores.memories;
});
afterAll(() => server.stop());

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const expecting = (text: string) => ({ type: 'content_sha256' as const, content_sha256: sha256(text) });
const newStore = async () => (await stores.create({ name: 's' })).id;

async function errorOf(attempt: Promise<unknown>): Promise<APIError> {
  const error = await attempt.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof APIError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

test('create and retrieve', async () => {
  const store = await newStore();
  const content = 'naïve 🦊\0\r\n';
  const memory = await memories.create(store, { path: '/projects/foo/Notes.md', content });
  expect({ ...memory }).toEqual({
    type: 'memory',
    id: expect.stringMatching(/^mem_\w{24}$/),
    memory_store_id: store,
    memory_version_id: expect.stringMatching(/^memver_\w{24}$/),
    path: '/projects/foo/Notes.md',
    content: null,
    content_sha256: sha256(content),
    content_size_bytes: Buffer.byteLength(content),
    created_at: expect.stringMatching(/Z$/),
    updated_at: memory.created_at,
  });
  const inStore = { memory_store_id: store };
  expect(await memories.retrieve(memory.id, inStore)).toEqual({ ...memory, content });
  expect(await memories.retrieve(memory.id, { ...inStore, view: 'basic' })).toEqual(memory);
  const full = await memories.create(store, { path: '/empty', content: '', view: 'full' });
  expect(full).toMatchObject({ content: '', content_size_bytes: 0, content_sha256: sha256('') });
  // The store itself has not changed.
  const { created_at, updated_at } = await stores.retrieve(store);
  expect(updated_at).toBe(created_at);
});

test('what is in another store is not found', async () => {
  const [store, other] = [await newStore(), await newStore()];
  const { id } = await memories.create(store, { path: '/a', content: '' });
  const elsewhere = { memory_store_id: other };
  await expect(memories.retrieve(id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(memories.update(id, { ...elsewhere, content: 'x' })).rejects.toThrow(NotFoundError);
  await expect(memories.delete(id, elsewhere)).rejects.toThrow(NotFoundError);
});

const LONG = `/${'é'.repeat(511)}`;

test.each(['/a', '/ä', '/…', '/.a', '/a b/c', '/...', `/${Array(20).fill('a').join('/')}`, LONG, '/🦊'])(
  'the path %j is one',
  async (path) => {
    expect(await memories.create(await newStore(), { path, content: '' })).toMatchObject({ path });
  },
);

test.each([
  '',
  'a',
  '/',
  '/a/',
  '//a',
  '/a//b',
  '/.',
  '/a/..',
  '/a/../b',
  `/${Array(21).fill('a').join('/')}`,
  `${LONG}xx`,
  '/a\u0308',
  '/a\0',
  '/a\n',
  '/a\u007f',
  '/a\u200d',
  '/a\u2028',
  '/a\ud800',
])('the path %j is none', async (path) => {
  const error = await errorOf(memories.create(await newStore(), { path, content: '' }));
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error.message).toMatch(/path: must /);
});

test('content is UTF-8 of at most 102,400 bytes', async () => {
  const store = await newStore();
  const most = 'é'.repeat(51_200);
  const { id } = await memories.create(store, { path: '/a', content: most });
  const inStore = { memory_store_id: store };
  expect((await memories.retrieve(id, inStore)).content).toBe(most);
  for (const content of [`${most}x`, '\ud800', null]) {
    await expect(memories.create(store, { path: '/b', content })).rejects.toThrow(/400.*content: /);
  }
  await expect(memories.update(id, { ...inStore, content: `${most}x` })).rejects.toThrow(/400.*content: /);
  expect((await memories.list(store)).data).toHaveLength(1);
});

test.each([
  ['the same path', '/notes/a.md'],
  ['a path above', '/notes'],
  ['a path below', '/notes/a.md/b/c'],
])('create at %s is a conflict that names the other', async (_what, path) => {
  const store = await newStore();
  const { id } = await memories.create(store, { path: '/notes/a.md', content: '' });
  const error = await errorOf(memories.create(store, { path, content: '' }));
  expect(error).toBeInstanceOf(ConflictError);
  expect(error.headers?.get('x-should-retry')).toBe('false');
  expect(error.error).toMatchObject({
    error: {
      type: 'memory_path_conflict_error',
      message: expect.stringContaining(id),
      conflicting_path: '/notes/a.md',
      conflicting_memory_id: id,
    },
  });
});

test('paths that only look alike do not overlap', async () => {
  const store = await newStore();
  for (const path of ['/notes/a', '/notes-archive', '/notes.md', '/Notes', '/notes0', '/notes/ab', '/note']) {
    await memories.create(store, { path, content: '' });
  }
  expect((await memories.list(store)).data).toHaveLength(7);
});

test('update changes content, path or both, and keeps the id', async () => {
  const store = await newStore();
  const before = await memories.create(store, { path: '/a', content: '1' });
  const inStore = { memory_store_id: store };
  const written = await memories.update(before.id, { ...inStore, content: '2', view: 'full' });
  expect(written).toMatchObject({ id: before.id, path: '/a', content: '2', created_at: before.created_at });
  expect(written.memory_version_id).not.toBe(before.memory_version_id);
  expect(written.updated_at > before.updated_at).toBe(true);
  const moved = await memories.update(before.id, { ...inStore, path: '/a/b' });
  expect(moved).toMatchObject({ path: '/a/b', content: null, content_sha256: sha256('2') });
  expect(await memories.retrieve(before.id, inStore)).toEqual({ ...moved, content: '2' });
  const both = await memories.update(before.id, { ...inStore, path: '/c', content: '3', view: 'full' });
  expect(both).toMatchObject({ path: '/c', content: '3' });
});

test('an update that changes nothing writes no version', async () => {
  const store = await newStore();
  const memory = await memories.create(store, { path: '/a', content: '1' });
  const inStore = { memory_store_id: store };
  const changes = [{}, { content: '1' }, { path: '/a' }, { path: null, content: null }];
  for (const change of changes) {
    expect({ ...(await memories.update(memory.id, { ...inStore, ...change })) }).toEqual({ ...memory });
  }
  expect((await stores.memoryVersions.list(store)).data).toHaveLength(1);
});

test('an update to a path that is taken is a conflict, and changes nothing', async () => {
  const store = await newStore();
  const other = await memories.create(store, { path: '/b/c', content: '' });
  const memory = await memories.create(store, { path: '/a', content: '1' });
  const inStore = { memory_store_id: store };
  for (const path of ['/b/c', '/b', '/b/c/d']) {
    const error = await errorOf(memories.update(memory.id, { ...inStore, path, content: '2' }));
    expect(error.error).toMatchObject({
      error: { type: 'memory_path_conflict_error', conflicting_path: '/b/c', conflicting_memory_id: other.id },
    });
  }
  expect({ ...(await memories.retrieve(memory.id, { ...inStore, view: 'basic' })) }).toEqual({ ...memory });
});

test('a precondition that does not hold is a conflict, unless there is nothing to change', async () => {
  const store = await newStore();
  const memory = await memories.create(store, { path: '/a', content: '1' });
  const inStore = { memory_store_id: store };
  await memories.update(memory.id, { ...inStore, content: '2', precondition: expecting('1') });
  const stale = { ...inStore, precondition: expecting('1') };
  const error = await errorOf(memories.update(memory.id, { ...stale, content: '3' }));
  expect(error).toBeInstanceOf(ConflictError);
  expect(error.headers?.get('x-should-retry')).toBe('false');
  expect(error.error).toMatchObject({ error: { type: 'memory_precondition_failed_error' } });
  await expect(memories.update(memory.id, { ...stale, path: '/b' })).rejects.toThrow(ConflictError);
  // As a client that repeats what it got no answer to.
  const repeated = await memories.update(memory.id, { ...stale, content: '2', path: '/a', view: 'full' });
  expect(repeated.content).toBe('2');
  for (const content_sha256 of [undefined, 'x', sha256('2').toUpperCase()]) {
    const precondition = { type: 'content_sha256' as const, ...(content_sha256 !== undefined && { content_sha256 }) };
    const attempt = memories.update(memory.id, { ...inStore, content: '3', precondition });
    await expect(attempt).rejects.toThrow(/400.*precondition\.content_sha256: /);
  }
});

test('of updates at the same time with the same precondition one wins', async () => {
  const store = await newStore();
  const { id, content_sha256 } = await memories.create(store, { path: '/a', content: 'start' });
  const precondition = { type: 'content_sha256' as const, content_sha256 };
  const attempts = Array.from({ length: 16 }, (_, n) =>
    memories.update(id, { memory_store_id: store, content: `by ${n}`, precondition, view: 'full' }),
  );
  const outcomes = await Promise.allSettled(attempts);
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(won).toHaveLength(1);
  expect(outcomes.filter((one) => one.status === 'rejected' && one.reason instanceof ConflictError)).toHaveLength(15);
  expect((await memories.retrieve(id, { memory_store_id: store })).content).toBe(won[0]?.value.content);
  expect((await stores.memoryVersions.list(store)).data).toHaveLength(2);
});

test('of memories made at the same time at paths that overlap one is there', async () => {
  const store = await newStore();
  const paths = ['/a', '/a/b', '/a', '/a/b/c', '/a/b', '/a/b/c/d'];
  const outcomes = await Promise.allSettled(paths.map((path) => memories.create(store, { path, content: '' })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await memories.list(store)).data).toHaveLength(1);
});

test('delete, unless another content is expected', async () => {
  const store = await newStore();
  const inStore = { memory_store_id: store };
  const { id } = await memories.create(store, { path: '/a', content: '1' });
  const error = await errorOf(memories.delete(id, { ...inStore, expected_content_sha256: sha256('2') }));
  expect(error).toBeInstanceOf(ConflictError);
  expect(error.error).toMatchObject({ error: { type: 'memory_precondition_failed_error' } });
  const odd = memories.delete(id, { ...inStore, expected_content_sha256: 'x' });
  await expect(odd).rejects.toThrow(/400.*expected_content_sha256: /);
  const deleted = await memories.delete(id, { ...inStore, expected_content_sha256: sha256('1') });
  expect({ ...deleted }).toEqual({ id, type: 'memory_deleted' });
  await expect(memories.delete(id, inStore)).rejects.toThrow(NotFoundError);
  await expect(memories.retrieve(id, inStore)).rejects.toThrow(NotFoundError);
  // The path is free again, for another memory.
  expect((await memories.create(store, { path: '/a', content: '1' })).id).not.toBe(id);
});

test('a store has at most 2,000 memories; those can still be changed', async () => {
  const store = await newStore();
  const paths = Array.from({ length: 1_999 }, (_, n) => `/${n}`);
  await fillStore(server.db, store, paths);
  const { id: last } = await memories.create(store, { path: '/last', content: '' });
  const more = memories.create(store, { path: '/more', content: '' });
  await expect(more).rejects.toThrow(/400.*memory_store_id: .*2000 memories/);
  const inStore = { memory_store_id: store };
  expect((await memories.update(last, { ...inStore, content: 'x' })).content_size_bytes).toBe(1);
  await memories.delete(last, inStore);
  await memories.create(store, { path: '/more', content: '' });
});

test('a view is basic or full', async () => {
  const store = await newStore();
  for (const path of ['memories', 'memory_versions', 'memories/mem_x', 'memory_versions/memver_x']) {
    const response = await rawFetch(server, `/v1/memory_stores/${store}/${path}?view=all`);
    expect([path, response.status]).toEqual([path, 400]);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^view: /) } });
  }
});
