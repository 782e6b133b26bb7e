import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';

type AgentParams = Partial<Anthropic.Beta.Agents.AgentCreateParams>;
type SessionParams = Anthropic.Beta.Sessions.SessionCreateParams;

let server: TestServer;
let environment_id: string;
let plain: string;
beforeAll(async () => {
  server = await startTestServer();
  environment_id = (await server.client.beta.environments.create({ name: 'e' })).id;
  plain = (await server.client.beta.agents.create({ name: 'a', model: 'm' })).id;
});
afterAll(() => server.stop());

const toolset = (rest: object) => ({ tools: [{ type: 'agent_toolset_20260401' as const, ...rest }] });
const mcp: AgentParams = {
  tools: [{ type: 'mcp_toolset', mcp_server_name: 's' }],
  mcp_servers: [{ type: 'url', name: 's', url: 'https://x.example' }],
};

test.each<[string, AgentParams, RegExp]>([
  ['web_fetch by name', toolset({ configs: [{ name: 'web_fetch' }] }), /agent\.tools\.0\.configs\.0: web_fetch/],
  ['web_search by name', toolset({ configs: [{ name: 'web_search', enabled: true }] }), /web_search/],
  ['MCP', mcp, /agent\.mcp_servers: /],
  ['multi-agent', { multiagent: { type: 'multiagent_20261001' } }, /agent\.multiagent: /],
])('an agent with %s is saved, and its session refused by name', async (_what, params, message) => {
  const agent = await server.client.beta.agents.create({ name: 'a', model: 'm', ...params });
  await expect(server.client.beta.sessions.create({ agent: agent.id, environment_id })).rejects.toThrow(message);
});

test.each<[string, Partial<SessionParams>, RegExp]>([
  [
    'an outcome without a rubric',
    { initial_events: [{ type: 'user.define_outcome', description: 'd' } as never] },
    /initial_events\.0\.rubric: is required/,
  ],
  [
    '51 events',
    {
      initial_events: Array.from({ length: 51 }, () => ({
        type: 'user.message',
        content: [{ type: 'text', text: 'x' }],
      })),
    },
    /initial_events: .*50/,
  ],
  ['an event of another kind', { initial_events: [{ type: 'user.interrupt' } as never] }, /initial_events\.0\.type: /],
  ['metadata that is no text', { metadata: { a: 1 as never } }, /metadata\.a: /],
  ['no environment', { environment_id: undefined as never }, /environment_id: is required/],
])('%s is 400', async (_what, params, message) => {
  const create = server.client.beta.sessions.create({ agent: plain, environment_id, ...params });
  const error: unknown = await create.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
});

test('files for a session in a self-hosted environment are 400', async () => {
  const own = await server.client.beta.environments.create({ name: 'own', config: { type: 'self_hosted' } });
  const resources = [{ type: 'file' as const, file_id: 'file_1' }];
  const create = server.client.beta.sessions.create({ agent: plain, environment_id: own.id, resources });
  await expect(create).rejects.toThrow(/resources/);
});

test('whatever was refused has left no row', async () => {
  expect(await server.db.selectFrom('sessions').select('id').execute()).toEqual([]);
});
