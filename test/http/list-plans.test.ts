import type { CompiledQuery } from 'kysely';
import { type Operation, ROUTES } from '../../src/http/routes.js';
import { selectPage } from '../../src/session/log.js';
import type { EventQuery } from '../../src/session/session.js';
import { CORPUS, type Known } from '../fuzz/corpus.js';
import { goodRequest } from '../fuzz/request.js';
import { memoryScene } from '../fuzz/scene.js';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { planOf, type QueryPlan, recordQueries } from '../support/query-plans.js';

/**
 * What lists can be asked for beside their whole; each by itself. Not here are filters that few rows of a list pass by
 * their nature, which are found first and then sorted: sessions at work, sessions with a memory store.
 */
const FILTERS: { readonly [Name in Operation]?: readonly string[] } = {
  'agents.list': ['include_archived=true', 'created_at[gte]=2026-01-01T00:00:00Z'],
  'environments.list': ['include_archived=true'],
  'sessions.list': [
    'order=asc',
    'include_archived=true',
    'created_at[gt]=2026-01-01T00:00:00Z',
    'statuses[]=idle',
    'statuses[]=idle&statuses[]=running&order=asc',
    'agent_id={agent_id}',
    'agent_id={agent_id}&agent_version=1',
    'deployment_id={deployment_id}',
  ],
  'vaults.list': ['include_archived=true'],
  'vaults.credentials.list': ['include_archived=true'],
  'userProfiles.list': ['order=asc', 'order_by=name', 'order_by=name&order=asc'],
  'deployments.list': ['include_archived=true', 'agent_id={agent_id}', 'status=active', 'status=paused'],
  'deploymentRuns.list': ['deployment_id={deployment_id}', 'has_error=true', 'trigger_type=manual'],
  'memoryStores.list': ['include_archived=true'],
  'memoryStores.memories.list': ['path_prefix=/f/', 'depth=1'],
  'memoryStores.memoryVersions.list': ['memory_id={memory_id}', 'operation=created'],
  'dreams.list': ['include_archived=true', 'statuses[]=canceled'],
  'skills.list': ['source=custom'],
  'files.list': ['scope_id={session_id}'],
};

/** Models come from their backends, a session has one thread, and its events are looked at below. */
const ELSEWHERE: readonly string[] = [
  'models.list',
  'sessions.threads.list',
  'sessions.events.list',
  'sessions.threads.events.list',
];

let server: TestServer;
let queries: ReturnType<typeof recordQueries>;
let known: Known;
beforeAll(async () => {
  server = await startTestServer();
  queries = recordQueries(server.db);
  const { targets, ...scene } = await memoryScene(server);
  const [target] = targets;
  if (!target) throw new Error('The scene has no session.');
  known = { ...scene, ...target };
  await server.client.beta.userProfiles.create({});
});
afterAll(() => server.stop());

const LISTS = ROUTES.filter(([, , operation]) => operation.endsWith('.list') && CORPUS[operation]).filter(
  ([, , operation]) => !ELSEWHERE.includes(operation),
);
const cases = LISTS.flatMap((route) =>
  ['', ...(FILTERS[route[2]] ?? [])].map((filter) => [route[2], filter, route] as const),
);

test.each(cases)('%s %s: its pages are ranges of an index', async (operation, filter, route) => {
  await makeSome(operation);
  const { path, headers } = goodRequest(route, known, API_KEY);
  const filled = filter.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(Reflect.get(known, name)));
  const list = path.split('?')[0];
  const whole = await plansOf(`${list}?limit=100&${filled}`, headers);
  expect(whole.plans.flatMap(({ walks }) => walks)).toEqual([]);
  const url = `${list}?limit=1&${filled}`;
  const first = await plansOf(url, headers);
  expect(first.plans.flatMap(({ walks }) => walks)).toEqual([]);
  if (first.next === undefined) return;
  const second = await plansOf(`${url}&page=${encodeURIComponent(first.next)}`, headers);
  expect(second.plans.flatMap(({ walks }) => walks)).toEqual([]);
  // The cursor is part of what is looked up, not a filter over what is walked.
  expect(second.plans.map(({ lookups }) => lookups).join()).toMatch(/[<>]/);
});

test.each(['api_keys?', 'environment_keys?environment_id={environment_id}&'])(
  'drover/%s: its pages are ranges of an index',
  async (list) => {
    const path = `/drover/${list.replace('{environment_id}', known.queue_environment_id)}`;
    const headers = { authorization: `Bearer ${API_KEY}` };
    const of = list.startsWith('api') ? {} : { environment_id: known.queue_environment_id };
    for (const name of ['one', 'two']) {
      const body = JSON.stringify({ name, ...of });
      await rawFetch(server, path.replace(/\?.*/, ''), { method: 'POST', headers, body });
    }
    const first = await plansOf(`${path}limit=1`, headers);
    const second = await plansOf(`${path}limit=1&page=${encodeURIComponent(first.next ?? '')}`, headers);
    expect([first, second].flatMap(({ plans }) => plans.flatMap(({ walks }) => walks))).toEqual([]);
    expect(second.plans.map(({ lookups }) => lookups).join()).toMatch(/[<>]/);
  },
);

test.each<Omit<EventQuery, 'limit'>>([
  { order: 'asc' },
  { order: 'desc' },
  { order: 'desc', types: ['agent.message'] },
])('the events of a session, %p: ranges of an index', async (query) => {
  const { db } = server;
  queries.take();
  await selectPage(db, 'sesn_1', { ...query, limit: 20, page: { position: 5, seq: 5 } });
  const [late] = queries.take();
  if (!late) throw new Error('There was no query.');
  const { walks, lookups } = await planOf(db, late);
  expect(walks).toEqual([]);
  expect(lookups).toMatch(/position"? ?[<>]/);
});

test('a walk, a sort and a cursor that is only a filter are seen', async () => {
  const { db } = server;
  const walk = db.selectFrom('agents').select('id').where('version', '=', 1).compile();
  const sorted = db.selectFrom('agents').select('id').where('workspace', '=', 'w').orderBy('archived_at').compile();
  for (const query of [walk, sorted]) expect((await planOf(db, query)).walks).not.toEqual([]);
  const page = db.selectFrom('agents').select('id').where('workspace', '=', 'w').orderBy('created_at').orderBy('id');
  const late = page.where((eb) =>
    eb.or([eb('created_at', '>', 1), eb.and([eb('created_at', '=', 1), eb('id', '>', 'x')])]),
  );
  expect((await planOf(db, late.compile())).lookups).not.toMatch(/[<>]/);
  expect((await planOf(db, page.where('created_at', '>', 1).compile())).lookups).toMatch(/[<>]/);
});

/** So that there is a second page. Where it may not be, it is not. */
async function makeSome(operation: Operation): Promise<void> {
  const create = ROUTES.find(([, , name]) => name === operation.replace(/list$/, 'create'));
  if (!create) return;
  for (let n = 0; n < 2; n++) {
    const { path, headers, body } = goodRequest(create, known, API_KEY);
    await rawFetch(server, path, { method: 'POST', headers, ...(body !== undefined && { body: body.toString() }) });
  }
}

async function plansOf(url: string, headers: Record<string, string>): Promise<{ plans: QueryPlan[]; next?: string }> {
  queries.take();
  const response = await rawFetch(server, url, { headers });
  const { next_page } = (await response.json()) as { next_page?: string | null };
  expect(response.status).toBe(200);
  const plans: QueryPlan[] = [];
  for (const query of queries.take().filter(isOfList)) plans.push(await planOf(server.db, query));
  expect(plans).not.toEqual([]);
  return { plans, ...(next_page && { next: next_page }) };
}

/** What is limited, or ordered, or has many rows; one row by its id is not looked at. */
function isOfList({ sql }: CompiledQuery): boolean {
  return / limit | order by /.test(sql);
}
