import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { createMemorySessions } from '../support/memory-session.js';
import { startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
let client: Anthropic;
let agent: string;
let environment_id: string;
beforeAll(async () => {
  server = await startTestServer();
  client = server.client;
  agent = (await client.beta.agents.create({ name: 'Coder', model: 'm', system: 's', tools: [TOOLSET] })).id;
  environment_id = (await client.beta.environments.create({ name: 'e' })).id;
});
afterAll(() => server.stop());
afterEach(() => server.session.fail(null));

const TOOLSET = { type: 'agent_toolset_20260401' } as const;
const HELLO = { type: 'user.message', content: [{ type: 'text', text: 'hi' }] } as const;
const hello = { ...HELLO, content: [...HELLO.content] };

describe('create', () => {
  test('every field of the resource is there', async () => {
    const session = await client.beta.sessions.create({ agent, environment_id, title: 'T', metadata: { a: 'b' } });
    expect({ ...session }).toEqual({
      type: 'session',
      id: expect.stringMatching(/^sesn_\w{24}$/),
      status: 'idle',
      title: 'T',
      metadata: { a: 'b' },
      agent: {
        type: 'agent',
        id: agent,
        version: 1,
        name: 'Coder',
        description: null,
        model: { id: 'm', effort: { type: 'high' }, speed: 'standard' },
        system: 's',
        tools: [
          {
            ...TOOLSET,
            configs: [],
            default_config: { enabled: true, permission_policy: { type: 'always_allow' } },
          },
        ],
        mcp_servers: [],
        skills: [],
        multiagent: null,
        execution_identity: { type: 'service_account' },
      },
      environment_id,
      deployment_id: null,
      vault_ids: [],
      resources: [],
      budget: null,
      outcome_evaluations: [],
      stats: { active_seconds: 0, duration_seconds: expect.any(Number) },
      usage: { input_tokens: 0, output_tokens: 0, active_seconds: 0 },
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
      archived_at: null,
    });
    const { stats: _, ...read } = await client.beta.sessions.retrieve(session.id);
    expect(read).toMatchObject(Object.fromEntries(Object.entries(session).filter(([key]) => key !== 'stats')));
  });

  test('the agent is pinned and overridden for this session only', async () => {
    const { id } = await client.beta.agents.create({ name: 'v1', model: { id: 'm', inference_geo: 'us' } });
    await client.beta.agents.update(id, { name: 'v2' });
    const pinned = await client.beta.sessions.create({ agent: { type: 'agent', id, version: 1 }, environment_id });
    expect(pinned.agent).toMatchObject({ id, version: 1, name: 'v1' });
    const overridden = await client.beta.sessions.create({
      agent: { type: 'agent_with_overrides', id, system: 'new', tools: [TOOLSET], model: { id: 'm2', effort: 'low' } },
      environment_id,
    });
    expect(overridden.agent).toMatchObject({ id, version: 2, name: 'v2', system: 'new' });
    // An effort in an override has no effect, and a model without a geo clears the pin.
    expect(overridden.agent.model).toEqual({ id: 'm2', effort: { type: 'high' }, speed: 'standard' });
    expect((await client.beta.agents.retrieve(id)).system).toBeNull();
  });

  test('initial events are there before the response, with ids of ours', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id, initial_events: [hello, hello] });
    const { data } = await client.beta.sessions.events.list(id, { types: ['user.message'] });
    expect(data.map((event) => event.id)).toEqual([expect.stringMatching(/^sevt_/), expect.stringMatching(/^sevt_/)]);
  });

  test('archived agents and environments, and unknown ones, are refused', async () => {
    const old = await client.beta.agents.create({ name: 'a', model: 'm' });
    await client.beta.agents.archive(old.id);
    const gone = await client.beta.environments.create({ name: 'e' });
    await client.beta.environments.archive(gone.id);
    const create = client.beta.sessions.create.bind(client.beta.sessions);
    await expect(create({ agent: old.id, environment_id })).rejects.toThrow(/400.*is archived/);
    await expect(create({ agent, environment_id: gone.id })).rejects.toThrow(/400.*is archived/);
    await expect(create({ agent: 'agent_none', environment_id })).rejects.toThrow(NotFoundError);
    await expect(create({ agent, environment_id: 'env_none' })).rejects.toThrow(NotFoundError);
  });

  test('a start that is refused leaves nothing; one without an answer leaves what the sweep finishes', async () => {
    const count = async () => (await server.db.selectFrom('sessions').select('id').execute()).length;
    const before = await count();
    server.session.fail(new ApiError('invalid_request_error', 'no'));
    await expect(client.beta.sessions.create({ agent, environment_id })).rejects.toThrow(BadRequestError);
    expect(await count()).toBe(before);
    server.session.fail(new ApiError('unavailable_error', 'No worker answered.'));
    await expect(client.beta.sessions.create({ agent, environment_id })).rejects.toMatchObject({ status: 503 });
    server.session.fail(null);
    const unfinished = await server.catalog.sessions.listUnfinished();
    expect(unfinished).toHaveLength(1);
    for (const { id } of unfinished) {
      await expect(client.beta.sessions.retrieve(id)).rejects.toThrow(NotFoundError);
      await server.catalog.sessions.finishDeletion(id);
    }
    expect(await server.catalog.sessions.listUnfinished()).toEqual([]);
    expect(await count()).toBe(before);
  });
});

test('the sweep leaves alone what a request has in work', async () => {
  const seen: unknown[] = [];
  const look = async () => seen.push(await other.catalog.sessions.listUnfinished());
  const other = await startTestServer({
    createSession: (db) => {
      const { sessions, log } = createMemorySessions(db);
      const start: typeof sessions.start = async (params) => {
        await look();
        return sessions.start(params);
      };
      const remove: typeof sessions.delete = async (id) => {
        await look();
        return sessions.delete(id);
      };
      return { sessions: { ...sessions, start, delete: remove }, log };
    },
  });
  const made = await other.client.beta.agents.create({ name: 'a', model: 'm' });
  const box = await other.client.beta.environments.create({ name: 'e' });
  const { id } = await other.client.beta.sessions.create({ agent: made.id, environment_id: box.id });
  await other.client.beta.sessions.delete(id);
  await other.stop();
  expect(seen).toEqual([[], []]);
});

describe('update', () => {
  test('title, metadata by key, tools', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id, metadata: { a: '1', b: '2' } });
    const updated = await client.beta.sessions.update(id, {
      title: 'New',
      metadata: { a: null, c: '3' },
      agent: { tools: [] },
    });
    expect(updated).toMatchObject({ title: 'New', metadata: { b: '2', c: '3' }, agent: { tools: [], name: 'Coder' } });
    expect((await client.beta.sessions.update(id, { title: null })).title).toBeNull();
  });

  test('a request that changes nothing emits nothing', async () => {
    const { id, agent: snapshot } = await client.beta.sessions.create({ agent, environment_id });
    await client.beta.sessions.update(id, {});
    await client.beta.sessions.update(id, { agent: { tools: snapshot.tools } });
    expect((await client.beta.sessions.events.list(id)).data).toEqual([]);
  });

  test.each<[string, Anthropic.Beta.Sessions.SessionUpdateParams, RegExp]>([
    ['vault_ids', { vault_ids: [] }, /vault_ids: .*not supported/],
    [
      'a 17th pair',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) },
      /metadata: has more/,
    ],
  ])('%s is refused', async (_what, update, message) => {
    const { id } = await client.beta.sessions.create({ agent, environment_id });
    await expect(client.beta.sessions.update(id, update)).rejects.toThrow(message);
  });
});

describe('archive and delete', () => {
  test('archive: terminated, kept, repeatable', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id, initial_events: [hello] });
    const archived = await client.beta.sessions.archive(id);
    expect(archived).toMatchObject({ status: 'terminated', archived_at: expect.stringMatching(/Z$/) });
    expect(await client.beta.sessions.archive(id)).toMatchObject({ archived_at: archived.archived_at });
    expect((await client.beta.sessions.events.list(id)).data.length).toBeGreaterThan(3);
    await expect(client.beta.sessions.events.send(id, { events: [hello] })).rejects.toThrow(BadRequestError);
  });

  test('delete: gone everywhere', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id });
    expect(await client.beta.sessions.delete(id)).toMatchObject({ id, type: 'session_deleted' });
    for (const call of [
      () => client.beta.sessions.retrieve(id),
      () => client.beta.sessions.update(id, { title: 'x' }),
      () => client.beta.sessions.archive(id),
      () => client.beta.sessions.delete(id),
      () => client.beta.sessions.events.list(id),
      () => client.beta.sessions.events.send(id, { events: [hello] }),
      () => client.beta.sessions.events.stream(id),
      () => client.beta.sessions.threads.list(id),
    ]) {
      await expect(call()).rejects.toThrow(NotFoundError);
    }
  });

  test('a deletion that failed half-way is invisible, and the next DELETE completes it', async () => {
    const { id } = await client.beta.sessions.create({ agent, environment_id });
    server.session.fail(new ApiError('unavailable_error', 'No worker answered.'));
    await expect(client.beta.sessions.delete(id)).rejects.toMatchObject({ status: 503 });
    server.session.fail(null);
    await expect(client.beta.sessions.retrieve(id)).rejects.toThrow(NotFoundError);
    expect(await server.catalog.sessions.listUnfinished()).toMatchObject([{ id }]);
    await client.beta.sessions.delete(id);
    expect(await server.catalog.sessions.listUnfinished()).toEqual([]);
  });
});
