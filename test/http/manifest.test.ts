import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { ADMIN_ROUTES, type Operation, ROUTES } from '../../src/http/routes.js';
import { CORPUS, type Known } from '../fuzz/corpus.js';
import { memoryScene } from '../fuzz/scene.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { callSdk, type SdkParams, walkPages } from '../support/sdk-call.js';
import { skillFiles } from '../support/skill-files.js';
import { unknownIds } from '../support/unknown-ids.js';
import { type EventRow } from '../wire/event-row.js';
import { bearing } from '../support/work.js';
import { titlesIn } from '../wire/test-titles.js';
import { MANIFEST } from './manifest.js';

/*
 * Every row of the contract, driven through the official SDK: what it is for, an id that is not there, input that is
 * wrong, a list in pages. What else a row documents is in the manifest, with the test that shows it.
 */
let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(() => server.stop());

type ApiRoute = (typeof ROUTES)[number];

const BUILT = ROUTES.filter(([, , operation]) => CORPUS[operation]);
const named = (routes: readonly ApiRoute[]) => routes.map((route) => [route[2], route] as const);

test('the manifest is of the rows that there are', () => {
  expect(Object.keys(MANIFEST).toSorted()).toEqual(ROUTES.map(([, , operation]) => operation).toSorted());
});

test('every row is driven here', () => {
  expect(ROUTES.map(([, , operation]) => operation).filter((operation) => !CORPUS[operation])).toEqual([]);
});

/** Those that need no key. */
const OPEN = ['GET /health', 'GET /drover/enroll/:token', 'POST /drover/enroll/:token'];

test('the server has the routes of the tables, and no other', () => {
  const tables = [...ROUTES, ...ADMIN_ROUTES].map(([method, path]) => `${method} ${path}`);
  expect(routesIn(server.routes).toSorted()).toEqual([...tables, ...OPEN].toSorted());
});

/** Each line of the tree has four characters for each level above it, then the rest of a path and its methods. */
function routesIn(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([│├└─ ]*)(\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    const path = (above[indent.length / 4 - 1] ?? '') + part;
    above[indent.length / 4] = path;
    return methods === '' ? [] : methods.split(', ').map((method) => `${method} ${path}`);
  });
}

test('what a row documents is shown by a test that there is', () => {
  const known = new Map<string, string[]>();
  const titles = (file: string): string[] => {
    const found = known.get(file) ?? titlesIn(file);
    known.set(file, found);
    return found;
  };
  const shown = Object.entries(MANIFEST).flatMap(([operation, documented]: [string, Record<string, EventRow>]) =>
    Object.entries(documented).flatMap(([what, row]) =>
      row.kind === 'shown' ? row.by.map((by) => ({ ...by, of: `${operation}: ${what}` })) : [],
    ),
  );
  expect(shown.filter(({ file, title }) => !titles(file).includes(title))).toEqual([]);
  expect(shown.length).toBeGreaterThan(80);
});

/** In place of what the corpus has: a form, or what the beta namespace of the SDK calls by another name. */
const BODIES: { readonly [Name in Operation]?: () => object } = {
  'files.upload': () => ({ file: new File(['x'], 'a.txt') }),
  'skills.create': () => ({ files: skillFiles('s') }),
  'skills.versions.create': () => ({ files: skillFiles('s') }),
  'userProfiles.create': () => ({ name: 'n', external_id: 'r', metadata: { a: 'b' } }),
  'userProfiles.update': () => ({ name: 'm', external_id: 's', metadata: { a: '' } }),
};

function paramsOf([, , operation]: ApiRoute, known: Known): SdkParams {
  const { params, query, body = () => undefined } = CORPUS[operation] ?? {};
  // A body is what one method of the SDK takes.
  const sent = (BODIES[operation] ?? body)(known) as object | undefined;
  return { path: { ...known, ...params?.(known) }, ...(query !== undefined && { query }), ...(sent && { body: sent }) };
}

let scene: Known | undefined;

/** Everything that requests name; made anew when something of it was taken away. */
async function look(): Promise<Known> {
  if (scene) return scene;
  const { targets, ...rest } = await memoryScene(server);
  const target = targets.find(({ state }) => state === 'waiting');
  if (!target) throw new Error('The scene has no session that waits.');
  return (scene = { ...rest, ...target });
}

async function call(route: ApiRoute, more: Partial<SdkParams> = {}): Promise<unknown> {
  const known = await look();
  const result = await callSdk(clientOf(route, known), route, { ...paramsOf(route, known), ...more });
  if (CORPUS[route[2]]?.destroys && !route[2].endsWith('.create')) scene = undefined;
  return result;
}

/** With the key of whoever may call it. */
function clientOf([, , operation]: ApiRoute, known: Known): Anthropic {
  const key = CORPUS[operation]?.key?.(known);
  return key === undefined ? server.client : bearing(server.url, key);
}

const isGood = ([, , operation]: ApiRoute) => CORPUS[operation]?.status === undefined || operation in BODIES;

describe('is carried out', () => {
  test.each(named(BUILT.filter(isGood)))('%s', async (_operation, route) => {
    expect(await call(route)).toBeDefined();
  });

  test('or a test of its own shows it', () => {
    const others = BUILT.filter((route) => !isGood(route)).map(([, , operation]) => operation);
    expect(others.filter((operation) => !('carried out' in MANIFEST[operation]))).toEqual([]);
  });
});

describe('is 404 for what is not there', () => {
  test.each(named(BUILT.filter(([, path]) => path.includes(':'))))('%s', async (_operation, route) => {
    const known = await look();
    const { path, ...rest } = paramsOf(route, known);
    const unknown = Object.entries({ ...path, model_id: 'no-such-model' }).map(([name, id]) => [name, unknownIds(id)]);
    const request = callSdk(clientOf(route, known), route, { ...rest, path: Object.fromEntries(unknown) });
    await expect(request).rejects.toThrow(NotFoundError);
  });
});

/** What is wrong about a query; a list’s limit unless something else is here. */
const WRONG: { readonly [Name in Operation]?: string } = {
  'agents.retrieve': 'version=0',
  'sessions.events.stream': 'event_deltas[]=user.message',
  'sessions.threads.events.stream': 'event_deltas[]=user.message',
  'memoryStores.memories.retrieve': 'view=some',
  'memoryStores.memoryVersions.retrieve': 'view=some',
};

function wrongOf(route: ApiRoute): Partial<SdkParams> | undefined {
  const [, , operation] = route;
  const query = WRONG[operation] ?? (isList(route) ? 'limit=0' : undefined);
  if (query !== undefined) return { query };
  const hasBody = CORPUS[operation]?.body !== undefined || operation in BODIES;
  return hasBody ? { body: { no_such_field: 'x' } } : undefined;
}

function isList([, , operation]: ApiRoute): boolean {
  return operation.endsWith('.list');
}

describe('is 400 for what is wrong', () => {
  test.each(named(BUILT.filter(wrongOf)))('%s', async (_operation, route) => {
    await expect(call(route, wrongOf(route))).rejects.toThrow(BadRequestError);
  });
});

/** What makes more of what is listed, where that is not the POST of the same path. */
const MAKERS: { readonly [Name in Operation]?: Operation } = {
  'agents.versions.list': 'agents.update',
  'sessions.events.list': 'sessions.events.send',
  'sessions.threads.events.list': 'sessions.events.send',
  'memoryStores.memoryVersions.list': 'memoryStores.memories.update',
  'deploymentRuns.list': 'deployments.run',
  // Sessions with input in that environment.
  'environments.work.list': 'sessions.create',
};

/** What has to be left out then. */
const LESS: { readonly [Name in Operation]?: object } = { 'environments.work.list': { resources: [] } };

/** The one thread that a session has so far; the models that are configured. */
const FIXED: ReadonlySet<Operation> = new Set(['sessions.threads.list', 'models.list']);

describe('is listed page by page', () => {
  test.each(named(BUILT.filter((route) => isList(route) && !FIXED.has(route[2]))))('%s', async (operation, route) => {
    const maker = ROUTES.find(([method, path, name]) =>
      operation in MAKERS ? name === MAKERS[operation] : method === 'POST' && path === route[1],
    );
    if (!maker) throw new Error(`Nothing makes what ${operation} lists.`);
    // Below the same as what is listed. The second may be one too many.
    const known = await look();
    const { path } = paramsOf(route, known);
    const made = paramsOf(maker, { ...known, ...path });
    const more = { ...made, path, ...(operation in LESS && { body: { ...made.body, ...LESS[operation] } }) };
    await call(maker, more);
    await call(maker, more).catch(() => {});
    const { pages, expected } = await walk(route);
    expect(pages).toEqual(expected);
    expect(pages.length).toBeGreaterThan(1);
  });

  test.each(named(BUILT.filter(([, , operation]) => FIXED.has(operation))))(
    '%s, of what there is',
    async (_, route) => {
      const { pages, expected } = await walk(route);
      expect(pages).toEqual(expected);
      expect(pages).not.toEqual([]);
    },
  );
});

/** The first pages of a list, of one item each, and the beginning of the whole, which they should be. */
async function walk(route: ApiRoute) {
  const known = await look();
  const client = clientOf(route, known);
  const { path } = paramsOf(route, known);
  const [whole = []] = await walkPages(client, route, { path, query: 'limit=20' }, 1);
  const pages = await walkPages(client, route, { path, query: 'limit=1' }, 4);
  return {
    pages: pages.map((page) => page.map(keyOf)),
    expected: whole.slice(0, pages.length).map((item) => [keyOf(item)]),
  };
}

/** Of a session the time that it has lasted differs from one look to the next. */
function keyOf(item: unknown): unknown {
  const { id, version, path } = item as { id?: unknown; version?: unknown; path?: unknown };
  return [id, version, path];
}
