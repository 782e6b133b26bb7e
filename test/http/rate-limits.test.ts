import { Anthropic, RateLimitError } from '@anthropic-ai/sdk';
import { rateClassOf } from '../../src/http/rate-limits.js';
import { type Route, ROUTES } from '../../src/http/routes.js';
import { API_KEY, rawFetch, SECOND_API_KEY, startTestServer, type TestServer } from '../support/app.js';

const servers: TestServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

async function limited(create: number, read: number): Promise<TestServer> {
  const server = await startTestServer({ rateLimits: { create, read } });
  servers.push(server);
  return server;
}

const other = (server: TestServer) => new Anthropic({ apiKey: SECOND_API_KEY, baseURL: server.url, maxRetries: 0 });

test('creates are limited by themselves: the last one allowed passes, the next is told when to come again', async () => {
  const { client } = await limited(3, 0);
  for (let left = 2; left >= 0; left -= 1) {
    const { response } = await client.beta.environments.create({ name: `e${left}` }).withResponse();
    expect(trio(response)).toMatchObject({ limit: '3', remaining: String(left) });
  }
  const refusal = await client.beta.environments.create({ name: 'late' }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(RateLimitError);
  if (!(refusal instanceof RateLimitError)) return;
  expect(refusal.error).toMatchObject({
    type: 'error',
    error: { type: 'rate_limit_error', message: expect.stringContaining('3 create requests a minute') },
    request_id: refusal.headers.get('request-id'),
  });
  // A third of a minute for each, less what the requests took.
  expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(15);
  expect(refusal.headers.get('retry-after')).toMatch(/^(1\d|20)$/);
  expect(trio(refusal)).toMatchObject({ limit: '3', remaining: '0' });
  const reset = Date.parse(trio(refusal).reset ?? '') - Date.now();
  expect(reset).toBeGreaterThan(50_000);
  expect(reset).toBeLessThanOrEqual(60_000);
  // Nothing of the refused request was done, and reading is another matter.
  const listed = await client.beta.environments.list();
  expect(listed.data.map(({ name }) => name)).toEqual(['e0', 'e1', 'e2']);
});

test('the time that is named is the true one: the official SDK waits and succeeds', async () => {
  const server = await limited(0, 60);
  const { client } = server;
  await Promise.all(Array.from({ length: 60 }, () => client.beta.agents.list()));
  const answers: { status: number; at: number }[] = [];
  const listen: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    answers.push({ status: response.status, at: Date.now() });
    return response;
  };
  const patient = new Anthropic({ apiKey: API_KEY, baseURL: server.url, maxRetries: 1, fetch: listen });
  // There is one more each second: on a slow machine the first is not refused.
  while (answers.every(({ status }) => status !== 429)) await patient.beta.agents.list();
  const [refused, taken, ...others] = answers.slice(-2);
  expect([refused, taken, ...others]).toMatchObject([{ status: 429 }, { status: 200 }]);
  expect((taken?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThan(500);
});

test('each key has its own, and a wrong key counts against nobody', async () => {
  const server = await limited(0, 2);
  const stranger = new Anthropic({ apiKey: 'sk-wrong', baseURL: server.url, maxRetries: 0 });
  for (let tries = 0; tries < 5; tries += 1) {
    await expect(stranger.beta.agents.list()).rejects.toMatchObject({ status: 401 });
  }
  await server.client.beta.agents.list();
  await server.client.beta.agents.list();
  await expect(server.client.beta.agents.list()).rejects.toMatchObject({ status: 429 });
  const { response } = await other(server).beta.agents.list().withResponse();
  expect(trio(response)).toMatchObject({ limit: '2', remaining: '1' });
});

test('opening a stream is a read, sending events is neither', async () => {
  const server = await limited(3, 2);
  const { client } = server;
  const agent = await client.beta.agents.create({ name: 'a', model: 'claude-sonnet-5' });
  const environment = await client.beta.environments.create({ name: 'e' });
  const { id } = await client.beta.sessions.create({ agent: agent.id, environment_id: environment.id });
  const { data: stream, response } = await client.beta.sessions.events.stream(id).withResponse();
  expect(trio(response)).toMatchObject({ limit: '2', remaining: '1' });
  stream.controller.abort();
  await client.beta.sessions.events.list(id);
  await expect(client.beta.sessions.events.stream(id)).rejects.toMatchObject({ status: 429 });
  for (let turn = 0; turn < 5; turn += 1) {
    const { response } = await client.beta.sessions.events
      .send(id, { events: [{ type: 'user.interrupt' }] })
      .withResponse();
    expect(trio(response)).toEqual({ limit: null, remaining: null, reset: null });
  }
  await client.beta.agents.update(agent.id, { version: agent.version, name: 'b' });
});

test('without limits nothing is counted and nothing said', async () => {
  const { client } = await limited(0, 0);
  const { response } = await client.beta.agents.list().withResponse();
  expect(trio(response)).toEqual({ limit: null, remaining: null, reset: null });
});

test('paths that are none, and health, are not counted', async () => {
  const server = await limited(1, 1);
  for (let tries = 0; tries < 3; tries += 1) {
    expect((await rawFetch(server, '/v1/nowhere')).status).toBe(404);
    expect((await rawFetch(server, '/health')).status).toBe(200);
  }
});

const isRead = ([method, , operation]: Route) => method === 'GET' && operation !== 'environments.work.poll';

test('what counts as what', () => {
  const creates = ROUTES.filter((route) => rateClassOf(route) === 'create').map(([, , operation]) => operation);
  expect(creates).toEqual([
    'agents.create',
    'environments.create',
    'sessions.create',
    'sessions.resources.add',
    'vaults.create',
    'vaults.credentials.create',
    'memoryStores.create',
    'memoryStores.memories.create',
    'skills.create',
    'skills.versions.create',
    'files.upload',
    'deployments.create',
    'dreams.create',
    'userProfiles.create',
    'userProfiles.actionURLs.create',
    'tunnels.create',
    'tunnels.certificates.create',
    'organization.webhooks.create',
  ]);
  const reads = ROUTES.filter((route) => rateClassOf(route) === 'read');
  expect(reads).toEqual(ROUTES.filter(isRead));
});

function trio({ headers }: { headers: Headers }) {
  const get = (name: string) => headers.get(`anthropic-ratelimit-requests-${name}`);
  return { limit: get('limit'), remaining: get('remaining'), reset: get('reset') };
}
