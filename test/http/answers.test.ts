import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { startTestServer, type TestServer } from '../support/app.js';

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
afterEach(() => server.session.fail(null));
afterAll(() => server.stop());

const text = { type: 'text' as const, text: 'hi' };
const message: EventParams = { type: 'user.message', content: [text] };
const system: EventParams = { type: 'system.message', content: [text] };

const send = (...events: EventParams[]) => client.beta.sessions.events.send(id, { events });
const confirm = (tool_use_id: string): EventParams => ({
  type: 'user.tool_confirmation',
  tool_use_id,
  result: 'allow',
});
const answer = (custom_tool_use_id: string): EventParams => ({ type: 'user.custom_tool_result', custom_tool_use_id });

/** The id of a call that the session has made. */
function call(permission: 'ask' | 'allow' | 'deny' | undefined, of = id): string {
  const evaluated = permission && { evaluated_permission: permission };
  return server.session.emit(of, { type: 'agent.tool_use', name: 'bash', input: {}, ...evaluated }).id;
}

function customCall(of = id): string {
  return server.session.emit(of, { type: 'agent.custom_tool_use', name: 'ask_boss', input: {} }).id;
}

/** The 400 that it is answered with, once it is sure that nothing was queued. */
async function refusalOf(sending: Promise<unknown>): Promise<string> {
  const before = (await client.beta.sessions.events.list(id)).data;
  const error: unknown = await sending.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect((await client.beta.sessions.events.list(id)).data).toEqual(before);
  return String(error);
}

describe('user.tool_confirmation', () => {
  test('allows and denies a call that asked; a second answer is taken, too', async () => {
    const tool_use_id = call('ask');
    const { data } = await send(confirm(tool_use_id));
    expect(data?.[0]).toMatchObject({ type: 'user.tool_confirmation', tool_use_id, result: 'allow' });
    const deny = { type: 'user.tool_confirmation', tool_use_id, result: 'deny', deny_message: 'not this' } as const;
    expect((await send(deny)).data?.[0]).toMatchObject(deny);
  });

  test('of an MCP tool’s call', async () => {
    const use = { type: 'agent.mcp_tool_use', name: 'x', mcp_server_name: 's', input: {}, evaluated_permission: 'ask' };
    const { id: call_id } = server.session.emit(id, { ...use, type: 'agent.mcp_tool_use' });
    expect((await send(confirm(call_id))).data).toHaveLength(1);
  });

  test.each<[string, () => string, RegExp]>([
    ['an id that was never emitted', () => 'sevt_1', /events\.1\.tool_use_id: this session has no event sevt_1/],
    ['a call of another session', () => call('ask', other), /events\.1\.tool_use_id: this session has no event sevt_/],
    ['a call that was allowed', () => call('allow'), /events\.1\.tool_use_id: .* was allowed without/],
    ['a call that was denied', () => call('deny'), /events\.1\.tool_use_id: .* was denied without/],
    ['a call without evaluation', () => call(undefined), /events\.1\.tool_use_id: .* asks for no confirmation/],
    ['a custom tool’s call', () => customCall(), /events\.1\.tool_use_id: .*user\.custom_tool_result/],
    [
      'no call at all',
      () => server.session.emit(id, { type: 'agent.message', content: [text] }).id,
      /events\.1\.tool_use_id: .*of type agent\.message/,
    ],
  ])('of %s is 400 and queues nothing, not even the good event before it', async (_what, which, pattern) => {
    const good = confirm(call('ask'));
    expect(await refusalOf(send(good, confirm(which())))).toMatch(pattern);
  });

  test('allows without a message only', async () => {
    const tool_use_id = call('ask');
    const event = { type: 'user.tool_confirmation', tool_use_id, result: 'allow', deny_message: 'x' } as const;
    expect(await refusalOf(send(event))).toMatch(/events\.0\.deny_message: goes with result .*deny/);
  });

  let other: string;
  beforeAll(async () => {
    other = (await client.beta.sessions.create({ agent, environment_id })).id;
  });
});

describe('user.custom_tool_result', () => {
  test('with all kinds of content, with an error, with nothing, and twice', async () => {
    const custom_tool_use_id = customCall();
    const content = [
      text,
      { type: 'image' as const, source: { type: 'url' as const, url: 'https://example.com/a.png' } },
      { type: 'document' as const, source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'd' } },
      {
        type: 'search_result' as const,
        source: 'https://example.com',
        title: 'T',
        content: [text],
        citations: { enabled: true },
      },
    ];
    const event = { type: 'user.custom_tool_result', custom_tool_use_id, content, is_error: true } as const;
    expect((await send(event)).data?.[0]).toMatchObject(event);
    expect((await send(answer(custom_tool_use_id))).data).toHaveLength(1);
  });

  test.each<[string, () => string, RegExp]>([
    ['an id that was never emitted', () => 'sevt_1', /events\.1\.custom_tool_use_id: this session has no event sevt_1/],
    ['a built-in tool’s call', () => call('ask'), /events\.1\.custom_tool_use_id: .*of type agent\.tool_use/],
    [
      'another event',
      () => server.session.emit(id, { type: 'session.error' }).id,
      /events\.1\.custom_tool_use_id: .*of type session\.error/,
    ],
  ])('of %s is 400 and queues nothing', async (_what, which, pattern) => {
    const good = answer(customCall());
    expect(await refusalOf(send(good, answer(which())))).toMatch(pattern);
  });
});

test('user.tool_result is for self_hosted environments', async () => {
  const sending = send({ type: 'user.tool_result', tool_use_id: call('allow') });
  expect(await refusalOf(sending)).toMatch(/events\.0\.type: .*self_hosted/);
});

describe('system.message', () => {
  test('after a message, after a tool’s result, or alone', async () => {
    expect((await send(message, system)).data?.[1]).toMatchObject(system);
    expect((await send(answer(customCall()), system)).data).toHaveLength(2);
    expect((await send(system)).data).toHaveLength(1);
  });

  test.each<[string, () => EventParams[], RegExp]>([
    ['before another event', () => [system, message], /events\.0: .*comes last/],
    ['twice', () => [system, message, system], /events: has more than one system\.message/],
    ['after an interrupt', () => [{ type: 'user.interrupt' }, system], /events\.1: .*not user\.interrupt/],
    ['after a confirmation', () => [confirm(call('ask')), system], /events\.1: .*not user\.tool_confirmation/],
    ['without a block', () => [{ ...system, content: [] }], /events\.0\.content: /],
    [
      'with 1001 blocks',
      () => [{ type: 'system.message', content: Array.from({ length: 1001 }, () => text) }],
      /events\.0\.content: .*1000/,
    ],
    [
      'with an image',
      () => [
        {
          type: 'system.message',
          content: [{ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }],
        } as never,
      ],
      /events\.0\.content\.0/,
    ],
  ])('%s is 400', async (_what, events, pattern) => {
    expect(await refusalOf(send(...events()))).toMatch(pattern);
  });

  test('with 1000 blocks', async () => {
    const content = Array.from({ length: 1000 }, () => text);
    expect((await send({ type: 'system.message', content })).data).toHaveLength(1);
  });

  test('for a model that does not take it is 400 with its code; an override of the model counts', async () => {
    const old = (await client.beta.agents.create({ name: 'a', model: 'claude-sonnet-4-5' })).id;
    id = (await client.beta.sessions.create({ agent: old, environment_id })).id;
    const error: unknown = await send(message, system).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      status: 400,
      error: {
        error: {
          type: 'invalid_request_error',
          message: expect.stringMatching(/^events\.1: /),
          details: { error_code: 'model_does_not_support_mid_conversation_system' },
        },
      },
    });
    const overridden = { type: 'agent_with_overrides', id: old, model: 'claude-opus-5-5' } as const;
    id = (await client.beta.sessions.create({ agent: overridden, environment_id })).id;
    expect((await send(message, system)).data).toHaveLength(2);
  });

  test('is not among initial events', async () => {
    const create = client.beta.sessions.create({ agent, environment_id, initial_events: [system as never] });
    await expect(create).rejects.toThrow(/initial_events\.0\.type: must be one of user\.message, user\.define_outcome/);
  });
});

test('what the session itself refuses is told with its code', async () => {
  server.session.fail(new ApiError('invalid_request_error', 'events.0: not now', { code: 'some_reason' }));
  await expect(send(message)).rejects.toMatchObject({
    status: 400,
    error: { error: { message: 'events.0: not now', details: { error_code: 'some_reason' } } },
  });
});
