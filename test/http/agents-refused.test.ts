import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';

type CreateParams = Anthropic.Beta.Agents.AgentCreateParams;

let server: TestServer;
let agents: Anthropic['beta']['agents'];
beforeAll(async () => {
  server = await startTestServer();
  agents = server.client.beta.agents;
});
afterAll(() => server.stop());

const BASE: CreateParams = { name: 'Coder', model: 'claude-opus-5-5' };

const custom = { type: 'custom', name: 'a', description: 'd', input_schema: { type: 'object' } };
const server1 = { type: 'url', name: 's', url: 'https://x.example' };
const tooMany = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v']));
const toolset = (config: object) => [{ type: 'agent_toolset_20260401', configs: [config] }];

test.each<[string, object, RegExp]>([
  ['no name', { name: undefined }, /name: is required/],
  ['an empty name', { name: '' }, /name: /],
  ['a long name', { name: 'x'.repeat(257) }, /name: .*256/],
  ['no model', { model: undefined }, /model: is required/],
  ['a model that is no text and no object', { model: 1 }, /model: .*expected string or object, received number/],
  ['an empty model', { model: '' }, /model: Too small/],
  ['an unknown effort', { model: { id: 'm', effort: 'huge' } }, /model\.effort: .*one of .*low/],
  ['an unknown geo', { model: { id: 'm', inference_geo: 'moon' } }, /model\.inference_geo: /],
  ['a long system', { system: 'x'.repeat(100_001) }, /system: /],
  ['a long description', { description: 'x'.repeat(2049) }, /description: /],
  ['too much metadata', { metadata: tooMany }, /metadata: has more than 16 pairs/],
  ['a long metadata key', { metadata: { ['k'.repeat(65)]: 'v' } }, /metadata\.k+: /],
  ['a long metadata value', { metadata: { k: 'v'.repeat(513) } }, /metadata\.k: /],
  ['a metadata value that is no text', { metadata: { k: 1 } }, /metadata\.k: /],
  ['an unknown field', { sistem: 'x' }, /sistem/],
  ['an unknown toolset', { tools: [{ type: 'agent_toolset_1999' }] }, /tools\.0\.type: /],
  ['an unknown tool', { tools: toolset({ name: 'fly' }) }, /tools\.0\.configs\.0\.name: /],
  [
    'a tool twice',
    { tools: [{ ...toolset({ name: 'bash' })[0], configs: [{ name: 'bash' }, { name: 'bash' }] }] },
    /tools\.0\.configs: names a tool twice/,
  ],
  ['a toolset twice', { tools: [...toolset({ name: 'bash' }), ...toolset({ name: 'bash' })] }, /tools\.1: .*twice/],
  ['257 tools', { tools: Array.from({ length: 257 }, (_, n) => ({ ...custom, name: `t${n}` })) }, /tools: .*256/],
  ['a custom tool twice', { tools: [custom, custom] }, /tools\.1: custom tool .*listed twice/],
  [
    'a custom tool named as a built-in',
    { tools: [{ ...custom, name: 'bash' }] },
    /tools\.0\.name: is the name of a built-in/,
  ],
  ['a custom tool named mcp__', { tools: [{ ...custom, name: 'mcp__x' }] }, /tools\.0\.name: may not start/],
  ['a custom tool with a bad name', { tools: [{ ...custom, name: 'a b' }] }, /tools\.0\.name: /],
  ['a custom tool with no name', { tools: [{ ...custom, name: '' }] }, /tools\.0\.name: must be 1-128/],
  [
    'a custom tool with a long name',
    { tools: [{ ...custom, name: 'x'.repeat(129) }] },
    /tools\.0\.name: must be 1-128/,
  ],
  ['a custom tool named web_search', { tools: [{ ...custom, name: 'web_search' }] }, /tools\.0\.name: is the name/],
  [
    'a custom tool with a policy',
    { tools: [{ ...custom, permission_policy: { type: 'auto' } }] },
    /tools\.0: .*policy/,
  ],
  ['a custom tool without schema', { tools: [{ ...custom, input_schema: undefined }] }, /tools\.0\.input_schema: /],
  ['a custom tool without description', { tools: [{ ...custom, description: '' }] }, /tools\.0\.description: /],
  [
    'a schema that is no object',
    { tools: [{ ...custom, input_schema: { type: 'array' } }] },
    /tools\.0\.input_schema\.type: /,
  ],
  [
    'a schema with $ref',
    { tools: [{ ...custom, input_schema: { type: 'object', properties: { a: { items: { $ref: '#' } } } } }] },
    /tools\.0\.input_schema: may not use \$ref/,
  ],
  ...['$dynamicRef', '$recursiveRef'].map((key): [string, object, RegExp] => [
    `a schema with ${key}`,
    { tools: [{ ...custom, input_schema: { type: 'object', $defs: [{ [key]: '#' }] } }] },
    /tools\.0\.input_schema: may not use \$ref/,
  ]),
  ...['oneOf', 'anyOf', 'allOf'].map((key): [string, object, RegExp] => [
    `a schema with ${key} at its root`,
    { tools: [{ ...custom, input_schema: { type: 'object', [key]: [] } }] },
    /tools\.0\.input_schema: may not use oneOf, anyOf or allOf at its root/,
  ]),
  [
    'a schema with a long property',
    { tools: [{ ...custom, input_schema: { type: 'object', properties: { ['k'.repeat(65)]: {} } } }] },
    /tools\.0\.input_schema\.properties\.k+: /,
  ],
  [
    'a schema with a bad property',
    { tools: [{ ...custom, input_schema: { type: 'object', properties: { 'a b': {} } } }] },
    /tools\.0\.input_schema\.properties\.a b: /,
  ],
  [
    'both domain lists',
    { tools: toolset({ name: 'web_fetch', allowed_domains: ['a.com'], blocked_domains: ['b.com'] }) },
    /Only one of allowed_domains or blocked_domains may be set\./,
  ],
  [
    'an empty domain list',
    { tools: toolset({ name: 'web_search', allowed_domains: [] }) },
    /allowed_domains: Empty list of domains is ambiguous/,
  ],
  [
    'a URL for a domain',
    { tools: toolset({ name: 'web_fetch', allowed_domains: ['a.com', 'https://b.com'] }) },
    /allowed_domains\.1: /,
  ],
  [
    'a path for web_fetch',
    { tools: toolset({ name: 'web_fetch', allowed_domains: ['a.com/b'] }) },
    /allowed_domains\.0: /,
  ],
  [
    'no source left',
    {
      tools: toolset({
        name: 'web_fetch',
        url_sources: { user_input: 'none', client_tool_results: 'none', server_tool_results: 'none' },
      }),
    },
    /url_sources: leaves no source/,
  ],
  [
    'a source that is no tool',
    {
      tools: toolset({
        name: 'web_fetch',
        url_sources: { client_tool_results: { type: 'only', tools: [{ type: 'tool_reference', name: 'zz' }] } },
      }),
    },
    /client_tool_results\.tools\.0\.name: /,
  ],
  ['an MCP server nobody uses', { mcp_servers: [server1] }, /mcp_servers\.0\.name: no mcp_toolset/],
  [
    'an MCP toolset without server',
    { tools: [{ type: 'mcp_toolset', mcp_server_name: 's' }] },
    /tools\.0\.mcp_server_name: /,
  ],
  ['an MCP server twice', { mcp_servers: [server1, server1] }, /mcp_servers: uses a name twice/],
  ['an MCP server that is no URL', { mcp_servers: [{ ...server1, url: 'ftp://x' }] }, /mcp_servers\.0\.url: /],
  [
    '21 MCP servers',
    { mcp_servers: Array.from({ length: 21 }, (_, n) => ({ ...server1, name: `s${n}` })) },
    /mcp_servers: .*20/,
  ],
  [
    'a skill twice',
    {
      skills: [
        { type: 'custom', skill_id: 'a' },
        { type: 'custom', skill_id: 'a' },
      ],
    },
    /skills: names a skill twice/,
  ],
  ['an unknown identity', { execution_identity: { type: 'root' } }, /execution_identity\.type: /],
  ['a role without ARN', { execution_identity: { type: 'aws_role' } }, /execution_identity\.role_arn: is required/],
])('create with %s is 400 and names the field', async (_what, change, message) => {
  const params = { ...BASE, ...change };
  const error = await agents.create(params).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
});
