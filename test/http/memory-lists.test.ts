import type { Anthropic } from '@anthropic-ai/sdk';
import { array, assert, asyncProperty, constantFrom, integer, stringMatching, uniqueArray } from 'fast-check';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { fillStore } from '../support/memory.js';

let server: TestServer;
let stores: Anthropic['beta']['memoryStores'];
beforeAll(async () => {
  server = await startTestServer();
  stores = server.client.beta.memoryStores;
});
afterAll(() => server.stop());

async function storeWith(paths: readonly string[]): Promise<string> {
  const { id } = await stores.create({ name: 's' });
  await fillStore(server.db, id, paths);
  return id;
}

async function list(store: string, query: Anthropic.Beta.MemoryStores.MemoryListParams): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of stores.memories.list(store, query)) paths.push(path);
  return paths;
}

const PATHS = ['/b/x', '/a', '/b/c/d', '/b/c/e', '/b-c', '/B', '/z/1', '/z/2', '/z/3', '/é', '/🦊', '/\uffee'];
const IN_ORDER = ['/B', '/a', '/b-c', '/b/c/d', '/b/c/e', '/b/x', '/z/1', '/z/2', '/z/3', '/é', '/\uffee', '/🦊'];

test('all of a store, in the order of the bytes of the paths, whatever the pages', async () => {
  const store = await storeWith(PATHS);
  expect(await list(store, {})).toEqual(IN_ORDER);
  for (const limit of [1, 2, 5, 11, 12]) expect(await list(store, { limit })).toEqual(IN_ORDER);
});

test('below a prefix, by whole segments', async () => {
  const store = await storeWith(PATHS);
  expect(await list(store, { path_prefix: '/b/' })).toEqual(['/b/c/d', '/b/c/e', '/b/x']);
  expect(await list(store, { path_prefix: '/b/c/', limit: 1 })).toEqual(['/b/c/d', '/b/c/e']);
  expect(await list(store, { path_prefix: '/B/' })).toEqual([]);
  for (const prefix of ['b/', '/b', '//', '/../', '/a%00/']) {
    const response = await rawFetch(server, `/v1/memory_stores/${store}/memories?path_prefix=${prefix}`);
    expect([prefix, response.status]).toEqual([prefix, 400]);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^path_prefix: /) } });
  }
});

test('at depth 1 what lies deeper is a prefix, which counts like a memory', async () => {
  const store = await storeWith(PATHS);
  const top = ['/B', '/a', '/b-c', '/b/', '/z/', '/é', '/\uffee', '/🦊'];
  for (const limit of [1, 2, 3, 4, 5, 7, 8, 20]) expect(await list(store, { depth: 1, limit })).toEqual(top);
  expect(await list(store, { depth: 1, path_prefix: '/b/' })).toEqual(['/b/c/', '/b/x']);
  const page = await stores.memories.list(store, { depth: 1, limit: 4 });
  expect(page.data).toHaveLength(4);
  expect(page.data.at(-1)).toEqual({ type: 'memory_prefix', path: '/b/' });
  for (const depth of ['2', '-1', 'x']) {
    expect((await rawFetch(server, `/v1/memory_stores/${store}/memories?depth=${depth}`)).status).toBe(400);
  }
});

test('in full there are 20 a page at most, and contents', async () => {
  const paths = Array.from({ length: 25 }, (_, n) => `/${String(n).padStart(2, '0')}`);
  const store = await storeWith(paths);
  const basic = await stores.memories.list(store, { limit: 100 });
  expect(basic.data).toHaveLength(25);
  expect(basic.data[0]).toMatchObject({ content: null });
  const full = await stores.memories.list(store, { limit: 100, view: 'full' });
  expect(full.data.map((item) => 'content' in item && item.content)).toEqual(paths.slice(0, 20).map((p) => `in ${p}`));
  expect((await stores.memories.list(store)).data).toHaveLength(20);
  expect((await rawFetch(server, `/v1/memory_stores/${store}/memories?limit=101`)).status).toBe(400);
  const versions = await stores.memoryVersions.list(store, { limit: 100, view: 'full' });
  expect(versions.data).toHaveLength(20);
});

const SEGMENT = stringMatching(/^[a-c\-0é]{1,2}$/);

test('any paths, prefix, depth and limit: as if sorted and cut by hand', async () => {
  const places = uniqueArray(array(SEGMENT, { minLength: 1, maxLength: 4 }), {
    selector: (segments) => segments.join('/'),
    maxLength: 25,
  });
  const depths = constantFrom(0 as const, 1 as const);
  const above = array(SEGMENT, { maxLength: 1 });
  await assert(asyncProperty(places, above, depths, integer({ min: 1, max: 6 }), checkList), { numRuns: 40 });
});

async function checkList(segments: string[][], above: string[], depth: 0 | 1, limit: number): Promise<void> {
  const wanted = segments.map((one) => `/${one.join('/')}`);
  const paths = wanted.filter((path) => !wanted.some((other) => path.startsWith(`${other}/`)));
  const path_prefix = above.length === 0 ? '/' : `/${above.join('/')}/`;
  const below = paths.filter((path) => path.startsWith(path_prefix)).map((path) => path.slice(path_prefix.length));
  const shown = below.map((path) => path_prefix + (depth === 0 ? path : (/^.*?\//.exec(path)?.[0] ?? path)));
  const sorted = [...new Set(shown)].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(await list(await storeWith(paths), { path_prefix, depth, limit })).toEqual(sorted);
}
