import type { Anthropic } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { skillFiles } from '../support/skill-files.js';

type Overrides = Partial<Anthropic.Beta.Sessions.BetaManagedAgentsAgentWithOverridesParams>;

let server: TestServer;
let environment_id: string;
let base: Anthropic.Beta.Agents.BetaManagedAgentsAgent;
beforeAll(async () => {
  server = await startTestServer();
  environment_id = (await server.client.beta.environments.create({ name: 'e' })).id;
  base = await server.client.beta.agents.create({
    name: 'Base',
    model: { id: 'm', effort: 'max', inference_geo: 'us', speed: 'fast' },
    system: 'be brief',
    tools: [{ type: 'agent_toolset_20260401' }],
  });
});
afterAll(() => server.stop());

const CUSTOM = { type: 'custom', name: 'ask_boss', description: 'd', input_schema: { type: 'object' } } as const;
const SERVER = { type: 'url', name: 's', url: 'https://x.example' } as const;

/** What a session of the base agent, or of another, runs with these overrides. Some are null against the SDK's types. */
const run = async (overrides: object, id = base.id) => {
  const agent = { type: 'agent_with_overrides' as const, id, ...(overrides as Overrides) };
  return (await server.client.beta.sessions.create({ agent, environment_id })).agent;
};

test('what is left out is inherited', async () => {
  const { model, system, tools, mcp_servers, skills, name, description } = base;
  const expected = { id: base.id, version: 1, name, description, model, system, tools, mcp_servers, skills };
  expect(await run({})).toMatchObject(expected);
});

test.each([
  ['system: null', { system: null }, { system: null }],
  ['system: ""', { system: '' }, { system: null }],
  ['tools: null', { tools: null }, { tools: [] }],
  ['tools: []', { tools: [] }, { tools: [] }],
  ['mcp_servers: null', { mcp_servers: null }, { mcp_servers: [] }],
  ['mcp_servers: []', { mcp_servers: [] }, { mcp_servers: [] }],
  ['skills: null', { skills: null }, { skills: [] }],
  ['skills: []', { skills: [] }, { skills: [] }],
])('%s clears', async (_what, overrides, expected) => {
  expect(await run(overrides)).toMatchObject(expected);
});

test('system and tools are replaced as a whole, with their defaults written out', async () => {
  const agent = await run({ system: 'be long', tools: [CUSTOM] });
  expect(agent).toMatchObject({ system: 'be long', tools: [CUSTOM], name: 'Base', version: 1 });
  expect((await server.client.beta.agents.retrieve(base.id)).system).toBe('be brief');
});

test('skills of the agent can be cleared where there are tools, and replaced by none', async () => {
  const { agents, skills } = server.client.beta;
  const { id: skill_id } = await skills.create({ files: skillFiles('s') });
  const skilled = await agents.create({ name: 'a', model: 'm', skills: [{ type: 'custom', skill_id }] });
  expect(await run({ skills: [] }, skilled.id)).toMatchObject({ skills: [] });
  expect(await run({ skills: [], tools: [] }, skilled.id)).toMatchObject({ skills: [], tools: [] });
  for (const tools of [[], null]) {
    await expect(run({ tools }, skilled.id)).rejects.toThrow(/400 .*agent\.tools: cannot be cleared/);
  }
});

test('MCP servers cannot be cleared while a tool names one, nor tools while a server is left', async () => {
  const tools = [{ type: 'mcp_toolset' as const, mcp_server_name: 's' }];
  const { id } = await server.client.beta.agents.create({ name: 'a', model: 'm', mcp_servers: [SERVER], tools });
  for (const mcp_servers of [[], null]) {
    await expect(run({ mcp_servers }, id)).rejects.toThrow(/400 .*"agent\.tools\.0\.mcp_server_name: /);
  }
  await expect(run({ tools: [] }, id)).rejects.toThrow(/400 .*"agent\.mcp_servers\.0\.name: /);
  expect(await run({ tools: null, mcp_servers: null }, id)).toMatchObject({ tools: [], mcp_servers: [] });
  await expect(run({ mcp_servers: [SERVER] })).rejects.toThrow(/400 .*"agent\.mcp_servers\.0\.name: no mcp_toolset/);
});

test('a model cannot be cleared', async () => {
  await expect(run({ model: null })).rejects.toMatchObject({
    status: 400,
    error: {
      error: { message: expect.stringMatching(/^agent\.model: /), details: { error_code: 'agent_model_required' } },
    },
  });
});

test('of a model’s override the effort has no effect, and geo and speed are its own', async () => {
  const standard = { effort: { type: 'high' }, speed: 'standard' };
  expect((await run({ model: 'm2' })).model).toEqual({ id: 'm2', ...standard });
  expect((await run({ model: { id: 'm2', effort: 'low' } })).model).toEqual({ id: 'm2', ...standard });
  // The same model, too: its effort was the agent's, and so was its pin.
  expect((await run({ model: 'm' })).model).toEqual({ id: 'm', ...standard });
  const own = { id: 'm2', inference_geo: 'global', speed: 'fast' };
  expect((await run({ model: own })).model).toEqual({ ...standard, ...own });
});

test.each<[string, object, RegExp]>([
  ['name', { name: 'x' }, /name/],
  ['multiagent', { multiagent: null }, /multiagent/],
  ['metadata', { metadata: {} }, /metadata/],
  ['an empty model', { model: '' }, /agent\.model: /],
  ['a long system', { system: 'x'.repeat(100_001) }, /agent\.system: /],
  [
    'tools that are wrong',
    { tools: [{ ...CUSTOM, name: 'bash' }] },
    /agent\.tools\.0\.name: is the name of a built-in/,
  ],
  ['version 0', { version: 0 }, /agent\.version: /],
])('%s is 400', async (_what, overrides, message) => {
  await expect(run(overrides)).rejects.toThrow(message);
});
