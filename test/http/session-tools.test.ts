import type { Anthropic } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';

type Tools = NonNullable<Anthropic.Beta.Agents.AgentCreateParams['tools']>;
type Schema = Anthropic.Beta.Agents.BetaManagedAgentsCustomToolInputSchema;

let server: TestServer;
let client: Anthropic;
let environment_id: string;
let plain: string;
beforeAll(async () => {
  server = await startTestServer();
  client = server.client;
  environment_id = (await client.beta.environments.create({ name: 'e' })).id;
  plain = (await client.beta.agents.create({ name: 'a', model: 'm' })).id;
});
afterAll(() => server.stop());

const custom = (name: string, input_schema: Schema = { type: 'object' }): Tools[number] => ({
  type: 'custom',
  name,
  description: 'd',
  input_schema,
});
const policy = (type: 'always_allow' | 'always_ask' | 'auto') => ({ permission_policy: { type } });

/** The tools of a session, whichever of the three ways they came to it; all three agree. */
async function toolsOf(tools: Tools): Promise<Anthropic.Beta.Sessions.BetaManagedAgentsSessionAgent['tools']> {
  const agent = (await client.beta.agents.create({ name: 'a', model: 'm', tools })).id;
  const saved = await client.beta.sessions.create({ agent, environment_id });
  const overrides = { type: 'agent_with_overrides' as const, id: plain, tools };
  const overridden = await client.beta.sessions.create({ agent: overrides, environment_id });
  const { id } = await client.beta.sessions.create({ agent: plain, environment_id });
  const updated = await client.beta.sessions.update(id, { agent: { tools } });
  expect(overridden.agent.tools).toEqual(saved.agent.tools);
  expect(updated.agent.tools).toEqual(saved.agent.tools);
  return saved.agent.tools;
}

test('custom tools are a session’s as they were given', async () => {
  const nested = { anyOf: [{ type: 'string' }, { type: 'null' }] };
  const tools = [
    custom('x'.repeat(128)),
    custom('A-z_0', {
      type: 'object',
      title: 'T',
      additionalProperties: false,
      properties: { 'a.b-c_D9': nested, ['k'.repeat(64)]: { enum: ['$ref'], description: 'not a $ref' } },
      required: ['a.b-c_D9'],
    }),
    custom('nothing', { type: 'object', properties: null, required: null }),
  ];
  expect(await toolsOf(tools)).toEqual(tools);
});

test('policies: of the toolset, and of single tools, which stand before it', async () => {
  const [toolset] = await toolsOf([
    {
      type: 'agent_toolset_20260401',
      default_config: policy('always_ask'),
      configs: [
        { name: 'bash', ...policy('auto') },
        { name: 'read', ...policy('always_allow') },
        { name: 'write', enabled: false },
      ],
    },
  ]);
  expect(toolset).toEqual({
    type: 'agent_toolset_20260401',
    default_config: { enabled: true, ...policy('always_ask') },
    configs: [
      { type: 'bash', name: 'bash', enabled: true, ...policy('auto') },
      { type: 'read', name: 'read', enabled: true, ...policy('always_allow') },
      { type: 'write', name: 'write', enabled: false, ...policy('always_ask') },
    ],
  });
});

test.each(['always_allow', 'always_ask', 'auto'] as const)('%s by default', async (type) => {
  const [toolset] = await toolsOf([{ type: 'agent_toolset_20260401', default_config: policy(type) }]);
  expect(toolset).toMatchObject({ default_config: policy(type) });
});

test('a policy that does not exist is 400', async () => {
  const tools = [{ type: 'agent_toolset_20260401', default_config: { permission_policy: { type: 'never' } } }];
  const create = client.beta.agents.create({ name: 'a', model: 'm', tools: tools as never });
  await expect(create).rejects.toThrow(/tools\.0\.default_config\.permission_policy\.type: /);
});

test.each(['web_fetch', 'web_search'] as const)(
  '%s by name is refused at an update, switched off it is fine',
  async (name) => {
    const { id } = await client.beta.sessions.create({ agent: plain, environment_id });
    const update = (enabled: boolean) =>
      client.beta.sessions.update(id, {
        agent: { tools: [{ type: 'agent_toolset_20260401', configs: [{ name, enabled }] }] },
      });
    await expect(update(true)).rejects.toThrow(/agent\.tools\.0\.configs\.0: .* is not available yet/);
    expect((await update(false)).agent.tools).toHaveLength(1);
  },
);

describe('an update of the agent', () => {
  test('is refused while the session is at work, and fine while it waits for a person', async () => {
    const { id } = await client.beta.sessions.create({ agent: plain, environment_id });
    const state = await server.session.log.getState(id);
    const update = () => client.beta.sessions.update(id, { agent: { tools: [custom('t')] } });
    for (const status of ['running', 'rescheduling'] as const) {
      Object.assign(state ?? {}, { status });
      await expect(update()).rejects.toThrow(/400 .*agent: cannot be changed while the session is /);
    }
    Object.assign(state ?? {}, { status: 'idle' });
    const stop_reason = { type: 'requires_action', event_ids: ['sevt_1'] };
    server.session.emit(id, { type: 'session.status_idle', stop_reason, stop_details: null });
    expect((await update()).agent.tools).toEqual([custom('t')]);
  });

  test.each<[string, Tools, RegExp]>([
    ['a custom tool twice', [custom('a'), custom('a')], /"agent\.tools\.1: custom tool .* is listed twice/],
    ['a bad schema', [custom('a', { type: 'object', allOf: [] })], /agent\.tools\.0\.input_schema: may not use oneOf/],
  ])('with %s is 400', async (_what, tools, message) => {
    const { id } = await client.beta.sessions.create({ agent: plain, environment_id });
    await expect(client.beta.sessions.update(id, { agent: { tools } })).rejects.toThrow(message);
  });
});
