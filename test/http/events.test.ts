import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { EVENT_TYPES } from '../../src/http/event-types.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

let server: TestServer;
let client: Anthropic;
let environment_id: string;
let agent: string;
let id: string;
beforeAll(async () => {
  server = await startTestServer();
  client = server.client;
  environment_id = (await client.beta.environments.create({ name: 'e' })).id;
  agent = (await client.beta.agents.create({ name: 'a', model: 'm' })).id;
});
beforeEach(async () => {
  id = (await client.beta.sessions.create({ agent, environment_id })).id;
});
afterAll(() => server.stop());

const text = { type: 'text' as const, text: 'hi' };
const message = { type: 'user.message' as const, content: [text] };

describe('send', () => {
  test('echoes in order, with ids of ours', async () => {
    const { data } = await client.beta.sessions.events.send(id, {
      events: [message, { type: 'user.interrupt' }, message],
    });
    expect(data?.map((event) => event.type)).toEqual(['user.message', 'user.interrupt', 'user.message']);
    expect(new Set(data?.map((event) => event.id)).size).toBe(3);
    expect(data?.[0]).toMatchObject({ ...message, id: expect.stringMatching(/^sevt_\w{24}$/) });
  });

  test('an interrupt may name the primary thread and no other', async () => {
    const [thread] = (await client.beta.sessions.threads.list(id)).data;
    await client.beta.sessions.events.send(id, {
      events: [{ type: 'user.interrupt', session_thread_id: thread?.id ?? '' }],
    });
    const send = client.beta.sessions.events.send(id, {
      events: [{ type: 'user.interrupt', session_thread_id: 'sthr_x' }],
    });
    await expect(send).rejects.toThrow(/events\.0\.session_thread_id: /);
  });

  test.each<[string, unknown, RegExp]>([
    ['no events', [], /events: /],
    ['1001 events', Array.from({ length: 1001 }, () => message), /events: .*1000/],
    ['a server event', [message, { type: 'agent.message', content: [text] }], /events\.1\.type: /],
    ['an unknown type', [{ type: 'user.dance' }], /events\.0\.type: must be one of user\.message, user\.interrupt, /],
    ['no type', [{}], /events\.0\.type: /],
    ['no content', [{ type: 'user.message', content: [] }], /events\.0\.content: /],
    [
      'an empty text',
      [{ type: 'user.message', content: [{ type: 'text', text: '' }] }],
      /events\.0\.content\.0\.text: /,
    ],
    ['a tool result', [{ type: 'user.tool_result', tool_use_id: 'sevt_1' }], /events\.0\.type: .*self_hosted/],
    [
      'an outcome without a rubric',
      [{ type: 'user.define_outcome', description: 'd' }],
      /events\.0\.rubric: is required/,
    ],
  ])('%s is 400 and queues nothing', async (_what, events, pattern) => {
    const send = client.beta.sessions.events.send(id, { events: events as EventParams[] });
    const error: unknown = await send.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(String(error)).toMatch(pattern);
    expect((await client.beta.sessions.events.list(id)).data).toEqual([]);
  });
});

describe('list', () => {
  test('the 41 types of the filter, and no other', async () => {
    expect(EVENT_TYPES).toHaveLength(41);
    await client.beta.sessions.events.send(id, { events: [message] });
    expect((await client.beta.sessions.events.list(id, { types: EVENT_TYPES })).data).toHaveLength(7);
    const some = await client.beta.sessions.events.list(id, { types: ['agent.message', 'session.status_idle'] });
    expect(some.data.map((event) => event.type)).toEqual(['agent.message', 'session.status_idle']);
    const bad = client.beta.sessions.events.list(id, { types: ['session.deleted' as never] });
    await expect(bad).rejects.toThrow(/types: /);
  });

  test('pages both ways, and a cursor keeps to its order', async () => {
    await client.beta.sessions.events.send(id, { events: Array.from({ length: 20 }, () => message) });
    const all = (await client.beta.sessions.events.list(id)).data.map((event) => event.id);
    const walk = async (order: 'asc' | 'desc') => {
      const seen: string[] = [];
      for await (const event of client.beta.sessions.events.list(id, { limit: 7, order })) seen.push(event.id);
      return seen;
    };
    expect(await walk('asc')).toEqual(all);
    expect(await walk('desc')).toEqual(all.toReversed());
    const { next_page: page } = await client.beta.sessions.events.list(id, { limit: 7 });
    await expect(client.beta.sessions.events.list(id, { order: 'desc', page })).rejects.toThrow(/page: .*order/);
    await expect(client.beta.sessions.events.list(id, { limit: 1001 })).rejects.toThrow(/limit: /);
  });

  test('created_at compares with processed_at', async () => {
    await client.beta.sessions.events.send(id, { events: [message] });
    const { data } = await client.beta.sessions.events.list(id);
    const third = data[2]?.processed_at ?? '';
    const later = await client.beta.sessions.events.list(id, { 'created_at[gt]': third });
    expect(later.data).toEqual(data.slice(3));
    const until = await client.beta.sessions.events.list(id, { 'created_at[lte]': third });
    expect(until.data).toEqual(data.slice(0, 3));
    await expect(client.beta.sessions.events.list(id, { 'created_at[gt]': 'noon' })).rejects.toThrow(
      /created_at\[gt\]: /,
    );
  });

  test.each([
    'types[]=agent.message&types[]=session.usage',
    'types%5B%5D=agent.message&types%5B%5D=session.usage',
    'types=agent.message&types=session.usage',
  ])('arrays spelled %s', async (query) => {
    await client.beta.sessions.events.send(id, { events: [message] });
    const response = await rawFetch(server, `/v1/sessions/${id}/events?beta=true&page=&${query}`);
    expect(await response.json()).toMatchObject({
      data: [{ type: 'agent.message' }, { type: 'session.usage' }],
      next_page: null,
    });
  });
});

describe('threads', () => {
  test('the primary thread is there from the start, its figures when it has run', async () => {
    const { data } = await client.beta.sessions.threads.list(id);
    const thread = data[0];
    expect(data).toHaveLength(1);
    expect({ ...thread }).toEqual({
      type: 'session_thread',
      id: expect.stringMatching(/^sthr_/),
      session_id: id,
      parent_thread_id: null,
      workflow_run_id: null,
      agent: expect.objectContaining({ type: 'agent', id: agent, version: 1 }),
      status: 'idle',
      stats: null,
      usage: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      archived_at: null,
    });
    expect(thread?.agent).not.toHaveProperty('multiagent');
    await client.beta.sessions.events.send(id, { events: [message] });
    const after = await client.beta.sessions.threads.retrieve(thread?.id ?? '', { session_id: id });
    expect(after).toMatchObject({ stats: { active_seconds: expect.any(Number) }, usage: { input_tokens: 0 } });
    expect((await client.beta.sessions.threads.list(id, { statuses: ['running'] })).data).toEqual([]);
  });

  test('its events are the session’s; other threads are 404', async () => {
    await client.beta.sessions.events.send(id, { events: [message] });
    const [thread] = (await client.beta.sessions.threads.list(id)).data;
    const listed = await client.beta.sessions.threads.events.list(thread?.id ?? '', { session_id: id });
    expect(listed.data).toEqual((await client.beta.sessions.events.list(id)).data);
    const other = { session_id: id };
    await expect(client.beta.sessions.threads.retrieve('sthr_x', other)).rejects.toThrow(NotFoundError);
    await expect(client.beta.sessions.threads.events.list('sthr_x', other)).rejects.toThrow(NotFoundError);
    await expect(client.beta.sessions.threads.events.stream('sthr_x', other)).rejects.toThrow(NotFoundError);
    await expect(client.beta.sessions.threads.archive(thread?.id ?? '', other)).rejects.toThrow(BadRequestError);
  });
});
