import { ROUTES } from '../../src/http/routes.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { type Choice, createChoice, mutateBody, oddText } from './mutations.js';

const SEED = Number(process.env['DROVER_TEST_SEED'] ?? 4);
const REQUESTS = 10_000;
const AT_ONCE = 8;
/** After so many the objects are new: the old ones are archived or gone. */
const ROUND = 100;
const PATIENCE_MS = 20_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const text = { type: 'text', text: 'hi' };
const custom = {
  type: 'custom',
  name: 'ask_boss',
  description: 'd',
  input_schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
};
const toolset = {
  type: 'agent_toolset_20260401',
  default_config: { enabled: true, permission_policy: { type: 'always_ask' } },
  configs: [{ name: 'bash', enabled: true, permission_policy: { type: 'auto' } }],
};
const budget = { type: 'limit', max_list_cost: { amount: '2500', currency: 'USD' } };
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } };
const document = { type: 'document', source: { type: 'url', url: 'https://example.com/a' }, title: 't', context: 'c' };
const result = { type: 'search_result', source: 's', title: 't', content: [text], citations: { enabled: true } };

interface Known {
  [parameter: string]: string;
  asked: string;
  custom_call: string;
}

/** Good bodies of those operations that take one. */
const BODIES: Record<string, (known: Known) => unknown> = {
  'agents.create': () => ({
    name: 'a',
    model: { id: 'm', effort: 'low', speed: 'fast', inference_geo: 'us' },
    system: 's',
    description: 'd',
    tools: [toolset, custom],
    metadata: { a: 'b' },
    multiagent: { type: 'multiagent_20261001' },
  }),
  'agents.update': () => ({ version: 1, name: 'b', system: null, tools: [custom], metadata: { a: null } }),
  'environments.create': () => ({
    name: 'e',
    config: {
      type: 'cloud',
      networking: { type: 'limited', allowed_hosts: ['example.com'] },
      packages: { type: 'packages', pip: ['numpy'] },
    },
    metadata: { a: 'b' },
  }),
  'environments.update': () => ({ name: 'f', description: 'd', metadata: { a: null } }),
  'sessions.create': (known) => ({
    agent: { type: 'agent_with_overrides', id: known['agent_id'], system: 's', tools: [toolset, custom], model: 'm2' },
    environment_id: known['environment_id'],
    title: 't',
    metadata: { a: 'b' },
    budget,
    initial_events: [{ type: 'user.message', content: [text, image, document] }],
  }),
  'sessions.update': () => ({ title: 't', metadata: { a: null, b: 'c' }, budget, agent: { tools: [toolset, custom] } }),
  'sessions.events.send': ({ asked, custom_call }) => ({
    events: [
      { type: 'user.message', content: [text, image, document] },
      { type: 'user.interrupt' },
      { type: 'user.tool_confirmation', tool_use_id: asked, result: 'deny', deny_message: 'no' },
      { type: 'user.custom_tool_result', custom_tool_use_id: custom_call, content: [text, result], is_error: false },
      { type: 'system.message', content: [text] },
    ],
  }),
};

const QUERIES = [
  'limit=5',
  'limit=-1',
  'order=desc',
  'order[]=desc',
  'types[]=agent.message',
  'event_deltas[]=agent.message',
  'statuses[]=idle',
  'created_at[gt]=2026-01-01T00:00:00Z',
  'created_at[lte]=x',
  'include_archived=true',
  'page=page_x',
  'page=',
  '%',
  'a=%ff',
];

interface Sent {
  method: string;
  path: string;
  body?: string;
}

/** One request: any operation, mostly of those that are carried out, and mostly at objects that are there. */
function nextRequest(choice: Choice, known: Known): Sent {
  const isBuilt = !choice.once(10);
  const routes = ROUTES.filter(([, path]) => !isBuilt || /^\/v1\/(agents|environments|sessions|models)/.test(path));
  const bodied = routes.filter(([, , operation]) => operation in BODIES);
  const [method, path, operation] = choice.of(choice.once(2) && bodied.length > 0 ? bodied : routes);
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const id = known[name];
    return id === undefined || choice.once(10) ? oddText(choice) : id;
  });
  const query = choice.once(3) ? `?${choice.of(QUERIES)}&${choice.of(QUERIES)}=${oddText(choice)}` : '';
  const make = BODIES[operation] ?? BODIES[choice.of(Object.keys(BODIES))];
  const body = method === 'POST' ? { body: mutateBody(choice, make?.(known)) } : {};
  return { method, path: filled + query, ...body };
}

/** Status and body; of a stream that opens the status is all. */
async function send({ method, path, body }: Sent): Promise<{ status: number; answer: unknown }> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error('no answer in time')), PATIENCE_MS);
  try {
    const response = await rawFetch(server, path, {
      method,
      signal: stop.signal,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const answer: unknown = isStream ? undefined : await response.json();
    if (isStream) stop.abort();
    return { status: response.status, answer };
  } finally {
    clearTimeout(timer);
  }
}

async function newObjects(): Promise<Known> {
  const { agents, environments, sessions } = server.client.beta;
  const { id: agent_id } = await agents.create({ name: 'a', model: 'm' });
  const { id: environment_id } = await environments.create({ name: 'e' });
  const limit = { type: 'limit' as const, max_list_cost: { amount: '25', currency: 'USD' as const } };
  const { id: session_id } = await sessions.create({ agent: agent_id, environment_id, budget: limit });
  const thread_id = (await sessions.threads.list(session_id)).data[0]?.id ?? '';
  const call = { type: 'agent.tool_use', name: 'bash', input: {}, evaluated_permission: 'ask' } as const;
  const asked = server.session.emit(session_id, call).id;
  const custom_call = server.session.emit(session_id, { type: 'agent.custom_tool_use', name: 'x', input: {} }).id;
  return { agent_id, environment_id, session_id, thread_id, model_id: 'claude-opus-5-5', asked, custom_call };
}

// A rejection that nobody handles fails the test, too: jest sees to that.
test('P5: 10,000 requests that are wrong in some way: an answer to each, never a 500, and no harm done', async () => {
  const choice = createChoice(SEED);
  const statuses = new Map<number, number>();
  const faults: unknown[] = [];
  for (let made = 0; made < REQUESTS; made += ROUND) {
    const known = await newObjects();
    const round = Array.from({ length: ROUND }, () => nextRequest(choice, known));
    const work = async (): Promise<void> => {
      for (let sent = round.shift(); sent !== undefined; sent = round.shift()) {
        const { status, answer } = await send(sent);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (!isFine(status, answer)) faults.push({ seed: SEED, ...shorten(sent), status, answer });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  expect(faults).toEqual([]);
  expect(server.reported).toEqual([]);
  // Both were tried: what is refused, and what is good in spite of its mutation.
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 4);
  expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 20);
  const { session_id = '' } = await newObjects();
  const { beta } = server.client;
  await beta.sessions.events.send(session_id, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: 'still there?' }] }],
  });
  expect((await beta.sessions.events.list(session_id, { types: ['agent.message'] })).data).toHaveLength(1);
}, 600_000);

/** A result, or an error in its envelope; 501 is what is not there yet. */
function isFine(status: number, answer: unknown): boolean {
  if (status === 200) return true;
  const { type, error } = Object(answer) as { type?: unknown; error?: { message?: unknown } };
  const isEnvelope = type === 'error' && typeof error?.message === 'string' && error.message.length > 0;
  return isEnvelope && ((status >= 400 && status < 500) || status === 501);
}

function shorten({ method, path, body }: Sent): Sent {
  return { method, path: path.slice(0, 500), ...(body === undefined ? {} : { body: body.slice(0, 2_000) }) };
}
