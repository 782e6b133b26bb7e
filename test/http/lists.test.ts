import { setTimeout as sleep } from 'node:timers/promises';
import { BadRequestError, type Anthropic } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

type SessionListParams = Anthropic.Beta.Sessions.SessionListParams;
type Session = Anthropic.Beta.Sessions.BetaManagedAgentsSession;

let server: TestServer;
let client: Anthropic;
let agents: string[];
let sessions: Session[];
beforeAll(async () => {
  server = await startTestServer();
  client = server.client;
  agents = await times(250, async (n) => (await client.beta.agents.create({ name: `a${n}`, model: 'm' })).id);
  const environment = await client.beta.environments.create({ name: 'e' });
  const agent = agents[0] ?? '';
  sessions = await times(250, (n) => {
    const params = { agent, environment_id: environment.id, title: String(n) };
    return client.beta.sessions.create(params);
  });
});
afterAll(() => server.stop());

test('250 agents in pages, newest first, each once', async () => {
  const seen: string[] = [];
  for await (const agent of client.beta.agents.list({ limit: 40 })) seen.push(agent.id);
  expect(seen).toEqual(agents.toReversed());
});

test('250 sessions forward, in both orders', async () => {
  const made = sessions.map((session) => session.id);
  expect(await walkSessions('asc')).toEqual(made);
  expect(await walkSessions('desc')).toEqual(made.toReversed());
});

test('250 sessions back again by prev_page: the same pages', async () => {
  const forward: string[][] = [];
  let page = await client.beta.sessions.list({ limit: 60 });
  expect(page.prev_page).toBeNull();
  for (;;) {
    forward.push(page.data.map((session) => session.id));
    if (page.next_page === null) break;
    page = await client.beta.sessions.list({ limit: 60, page: page.next_page });
  }
  const back: string[][] = [];
  for (;;) {
    back.unshift(page.data.map((session) => session.id));
    if (page.prev_page === null) break;
    page = await client.beta.sessions.list({ limit: 60, page: page.prev_page });
    expect(page.next_page).not.toBeNull();
  }
  expect(forward.map((ids) => ids.length)).toEqual([60, 60, 60, 60, 10]);
  expect(back).toEqual(forward);
});

test('a page of large things ends early, and none is missed', async () => {
  const description = 'x'.repeat(12 * 1024 * 1024);
  const large = { type: 'custom' as const, name: 't', description, input_schema: { type: 'object' as const } };
  const [environment] = (await client.beta.environments.list()).data;
  const made = await times(3, async (n) => {
    const agent = await client.beta.agents.create({ name: `large ${n}`, model: 'm', tools: [large] });
    const session = await client.beta.sessions.create({ agent: agent.id, environment_id: environment?.id ?? '' });
    return { agent: agent.id, session: session.id };
  });
  const since = { 'created_at[gte]': (await client.beta.agents.retrieve(made[0]?.agent ?? '')).created_at };
  const listed = await pagesOf(client.beta.agents.list({ limit: 100, ...since }));
  expect(listed).toEqual([[made[2]?.agent, made[1]?.agent], [made[0]?.agent]]);
  const sessions = await pagesOf(client.beta.sessions.list({ limit: 100, order: 'asc', ...since }));
  expect(sessions).toEqual([[made[0]?.session, made[1]?.session], [made[2]?.session]]);
  for (const { agent, session } of made) {
    await client.beta.sessions.delete(session);
    await client.beta.agents.archive(agent);
  }
});

test('what is made between two pages shifts nothing', async () => {
  const first = await client.beta.agents.list({ limit: 10 });
  const added = await client.beta.agents.create({ name: 'new', model: 'm' });
  const second = await client.beta.agents.list({ limit: 10, page: first.next_page });
  const seen = [...first.data, ...second.data].map((agent) => agent.id);
  expect(seen).toEqual(agents.toReversed().slice(0, 20));
  await client.beta.agents.archive(added.id);
});

test('created_at bounds', async () => {
  const [, second, third] = sessions;
  const at = second?.created_at ?? '';
  expect(await titlesOf({ 'created_at[gte]': at })).toEqual(['1', '2', '3']);
  expect(await titlesOf({ 'created_at[gt]': at })).toEqual(['2', '3', '4']);
  expect(await titlesOf({ 'created_at[lt]': at })).toEqual(['0']);
  expect(await titlesOf({ 'created_at[gt]': at, 'created_at[lte]': third?.created_at ?? '' })).toEqual(['2']);
});

test('filters: agent, version, status, archived, what does not exist', async () => {
  expect(await countOf({ agent_id: agents[1] ?? '' })).toBe(0);
  expect(await countOf({ agent_id: agents[0] ?? '', agent_version: 2 })).toBe(0);
  expect(await countOf({ agent_id: agents[0] ?? '', agent_version: 1 })).toBe(100);
  expect(await countOf({ agent_version: 2 })).toBe(100);
  expect(await countOf({ deployment_id: 'depl_1' })).toBe(0);
  expect(await countOf({ memory_store_id: 'memstore_1' })).toBe(0);

  const id = sessions[5]?.id ?? '';
  await client.beta.sessions.archive(id);
  expect(await countOf({ statuses: ['terminated'] })).toBe(0);
  expect(await countOf({ statuses: ['terminated', 'running'], include_archived: true })).toBe(1);
  expect(await countOf({ statuses: ['running'] })).toBe(0);
  server.session.hold();
  const running = sessions[6]?.id ?? '';
  const events = [{ type: 'user.message' as const, content: [{ type: 'text' as const, text: 'x' }] }];
  await client.beta.sessions.events.send(running, { events });
  const { data } = await client.beta.sessions.list({ statuses: ['running', 'rescheduling'] });
  expect(data.map((session) => session.id)).toEqual([running]);
  await sleep(15);
  const live = await client.beta.sessions.retrieve(running);
  expect(live.stats.active_seconds).toBeGreaterThan(0.01);
  expect(live.stats.duration_seconds).toBeGreaterThan(live.stats.active_seconds ?? 0);
});

test('while it runs a session is neither archived, deleted nor given other tools', async () => {
  const id = sessions[6]?.id ?? '';
  await expect(client.beta.sessions.archive(id)).rejects.toThrow(/400.*running; interrupt it first/);
  await expect(client.beta.sessions.delete(id)).rejects.toThrow(/400.*running; interrupt it first/);
  await expect(client.beta.sessions.update(id, { agent: { tools: [] } })).rejects.toThrow(BadRequestError);
  await client.beta.sessions.update(id, { title: 'still fine' });
  await client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
  await client.beta.sessions.archive(id);
});

test.each([
  '/v1/agents?limit=0',
  '/v1/agents?limit=101',
  '/v1/agents?limit=ten',
  '/v1/environments?limit=101',
  '/v1/sessions?limit=101',
  '/v1/models?limit=1001',
])('%s is 400 naming limit', async (path) => {
  const response = await rawFetch(server, path);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^limit: /) } });
});

test('a cursor serves its own list, its order, and filters that hold it', async () => {
  const page = (await client.beta.sessions.list({ limit: 5 })).next_page;
  await expect(client.beta.sessions.list({ page, order: 'asc' })).rejects.toThrow(/page: .*order/);
  const before = { 'created_at[lt]': sessions[0]?.created_at ?? '' };
  await expect(client.beta.sessions.list({ page, ...before })).rejects.toThrow(/page: .*created_at/);
  await expect(client.beta.agents.list({ page })).rejects.toThrow(/page: this is not a cursor/);
  for (const broken of ['x', 'page_', 'page_AAAA', `${page}x`, `${page}`.slice(0, -4)]) {
    await expect(client.beta.sessions.list({ page: broken })).rejects.toThrow(/page: this is not a cursor/);
  }
  await client.beta.sessions.list({ page, limit: 50, statuses: ['idle'] });
});

test('models: Page style, both directions, stages of life, aliases', async () => {
  expect(await modelIds({})).toEqual(['claude-opus-5-5', 'claude-haiku-4-5-20251001']);
  expect(await modelIds({ lifecycle: ['retired'] })).toEqual(['claude-old-1']);
  expect(await modelIds({ after_id: 'claude-opus-5-5' })).toEqual(['claude-haiku-4-5-20251001']);
  expect(await modelIds({ before_id: 'claude-haiku-4-5-20251001' })).toEqual(['claude-opus-5-5']);
  const first = await client.beta.models.list({ limit: 1 });
  expect(first).toMatchObject({ has_more: true, first_id: 'claude-opus-5-5', last_id: 'claude-opus-5-5' });
  const walked: string[] = [];
  for await (const model of client.beta.models.list({ limit: 1 })) walked.push(model.id);
  expect(walked).toHaveLength(2);
  expect((await client.beta.models.retrieve('claude-haiku-4-5')).id).toBe('claude-haiku-4-5-20251001');
  await expect(client.beta.models.retrieve('claude-haiku-4')).rejects.toMatchObject({ status: 404 });
});

async function pagesOf(list: PromiseLike<{ iterPages(): AsyncIterable<{ data: { id: string }[] }> }>) {
  const pages: string[][] = [];
  for await (const { data } of (await list).iterPages()) pages.push(data.map(({ id }) => id));
  return pages;
}

async function times<Made>(count: number, make: (n: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let n = 0; n < count; n++) made.push(await make(n));
  return made;
}

async function walkSessions(order: 'asc' | 'desc'): Promise<string[]> {
  const seen: string[] = [];
  for await (const session of client.beta.sessions.list({ limit: 100, order })) seen.push(session.id);
  return seen;
}

async function titlesOf(params: SessionListParams): Promise<(string | null)[]> {
  const { data } = await client.beta.sessions.list({ order: 'asc', limit: 3, ...params });
  return data.map((session) => session.title);
}

async function countOf(params: SessionListParams): Promise<number> {
  return (await client.beta.sessions.list({ limit: 100, ...params })).data.length;
}

async function modelIds(params: Anthropic.Beta.ModelListParams): Promise<string[]> {
  return (await client.beta.models.list(params)).data.map((model) => model.id);
}
