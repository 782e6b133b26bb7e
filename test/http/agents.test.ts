import { type Anthropic, BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { skillFiles } from '../support/skill-files.js';

type CreateParams = Anthropic.Beta.Agents.AgentCreateParams;

let server: TestServer;
let agents: Anthropic['beta']['agents'];
beforeAll(async () => {
  server = await startTestServer();
  agents = server.client.beta.agents;
});
afterAll(() => server.stop());

const BASE: CreateParams = { name: 'Coder', model: 'claude-opus-5-5' };

describe('create and retrieve', () => {
  test('every field of the resource is there, defaults filled in', async () => {
    const agent = await agents.create(BASE);
    expect({ ...agent }).toEqual({
      type: 'agent',
      id: expect.stringMatching(/^agent_\w{24}$/),
      version: 1,
      name: 'Coder',
      description: null,
      system: null,
      model: { id: 'claude-opus-5-5', effort: { type: 'high' }, speed: 'standard' },
      tools: [],
      mcp_servers: [],
      skills: [],
      multiagent: null,
      execution_identity: { type: 'service_account' },
      metadata: {},
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: agent.created_at,
      archived_at: null,
    });
    expect(await agents.retrieve(agent.id)).toEqual(agent);
  });

  test('toolsets are materialised', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => server.client.beta.skills.create({ files: skillFiles(name) })),
    );
    if (!one || !two) throw new Error('two were made');
    const agent = await agents.create({
      ...BASE,
      tools: [
        {
          type: 'agent_toolset_20260401',
          default_config: { permission_policy: { type: 'always_ask' } },
          configs: [
            { name: 'bash', enabled: false },
            { name: 'web_fetch', permission_policy: null, allowed_domains: ['docs.example.com'] },
            {
              name: 'web_search',
              user_location: { type: 'approximate', country: 'DE' },
              blocked_domains: ['example.com/ads'],
            },
            { name: 'read', type: 'read', permission_policy: { type: 'auto' } },
          ],
        },
        { type: 'mcp_toolset', mcp_server_name: 'git', configs: [{ name: 'clone', enabled: false }] },
        { type: 'custom', name: 'ask_boss', description: 'asks', input_schema: { type: 'object', title: 'Q' } },
      ],
      mcp_servers: [{ type: 'url', name: 'git', url: 'https://mcp.example.com/git' }],
      skills: [
        { type: 'custom', skill_id: one.id },
        { type: 'custom', skill_id: two.id, version: two.latest_version_id },
      ],
    });
    const ask = { type: 'always_ask' };
    expect(agent.tools).toEqual([
      {
        type: 'agent_toolset_20260401',
        default_config: { enabled: true, permission_policy: ask },
        configs: [
          { type: 'bash', name: 'bash', enabled: false, permission_policy: ask },
          {
            type: 'web_fetch',
            name: 'web_fetch',
            enabled: true,
            permission_policy: ask,
            url_sources: null,
            allowed_domains: ['docs.example.com'],
          },
          {
            type: 'web_search',
            name: 'web_search',
            enabled: true,
            permission_policy: ask,
            user_location: { type: 'approximate', country: 'DE' },
            blocked_domains: ['example.com/ads'],
          },
          { type: 'read', name: 'read', enabled: true, permission_policy: { type: 'auto' } },
        ],
      },
      {
        type: 'mcp_toolset',
        mcp_server_name: 'git',
        default_config: { enabled: true, permission_policy: ask },
        configs: [{ name: 'clone', enabled: false, permission_policy: ask }],
      },
      { type: 'custom', name: 'ask_boss', description: 'asks', input_schema: { type: 'object', title: 'Q' } },
    ]);
    expect(agent.skills).toEqual([
      { type: 'custom', skill_id: one.id, version: 'latest' },
      { type: 'custom', skill_id: two.id, version: two.latest_version_id },
    ]);
    // What a response shows can be sent back as it is.
    const again = await agents.update(agent.id, {
      tools: agent.tools,
      mcp_servers: agent.mcp_servers,
      skills: agent.skills,
    });
    expect(again.version).toBe(1);
  });

  test('url_sources come back in object form', async () => {
    const agent = await agents.create({
      ...BASE,
      tools: [
        {
          type: 'agent_toolset_20260401',
          configs: [
            {
              name: 'web_fetch',
              url_sources: {
                user_input: 'none',
                server_tool_results: { type: 'only', tools: [{ type: 'tool_reference', name: 'web_search' }] },
              },
            },
          ],
        },
      ],
    });
    expect(agent.tools[0]).toMatchObject({
      configs: [
        {
          url_sources: {
            user_input: { type: 'none' },
            client_tool_results: null,
            server_tool_results: { type: 'only' },
          },
        },
      ],
    });
  });

  test('an unknown agent or version is 404', async () => {
    const { id } = await agents.create(BASE);
    await expect(agents.retrieve('agent_none')).rejects.toThrow(NotFoundError);
    await expect(agents.retrieve(id, { version: 2 })).rejects.toThrow(NotFoundError);
    await expect(agents.retrieve(id, { version: 0 })).rejects.toThrow(/version: must be an integer/);
  });
});

const tooMany = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v']));

describe('update', () => {
  test('each change makes a version; nothing changed makes none', async () => {
    const first = await agents.create({ ...BASE, system: 'one', metadata: { a: '1', b: '2' } });
    const second = await agents.update(first.id, { system: 'two', metadata: { a: null, c: '3' } });
    expect(second).toMatchObject({ version: 2, name: 'Coder', system: 'two', metadata: { b: '2', c: '3' } });
    expect(second.created_at).toBe(first.created_at);
    expect(Date.parse(second.updated_at)).toBeGreaterThan(Date.parse(first.updated_at));
    expect({ ...(await agents.update(first.id, { system: 'two', metadata: { b: '2' } })) }).toEqual({ ...second });
    expect({ ...(await agents.update(first.id, {})) }).toEqual({ ...second });
    expect(await agents.retrieve(first.id, { version: 1 })).toEqual(first);
    const cleared = await agents.update(first.id, { system: '', description: null, tools: null, metadata: null });
    expect(cleared).toMatchObject({ version: 3, system: null, metadata: { b: '2', c: '3' } });
    const versions = [];
    for await (const version of agents.versions.list(first.id, { limit: 1 })) versions.push(version.version);
    expect(versions).toEqual([3, 2, 1]);
  });

  test('version is a lock: 409 that no SDK repeats, even when nothing would change', async () => {
    const { id } = await agents.create(BASE);
    await agents.update(id, { name: 'Two', version: 1 });
    const error = await agents.update(id, { name: 'Two', version: 1 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ error: { error: { type: 'conflict_error' } } });
    expect(error instanceof ConflictError && error.headers.get('x-should-retry')).toBe('false');
  });

  test('model: effort stays with the id, inference_geo must be said again', async () => {
    const { id } = await agents.create({
      ...BASE,
      model: { id: 'm1', effort: 'low', inference_geo: 'us', speed: 'fast' },
    });
    const same = await agents.update(id, { model: 'm1' });
    expect(same.model).toEqual({ id: 'm1', effort: { type: 'low' }, speed: 'standard' });
    const other = await agents.update(id, { model: { id: 'm2' } });
    expect(other.model).toEqual({ id: 'm2', effort: { type: 'high' }, speed: 'standard' });
  });

  test('execution_identity: omitted keeps, null is the default', async () => {
    const role = { type: 'aws_role', role_arn: 'arn:aws:iam::1:role/x' } as const;
    const { id } = await agents.create({ ...BASE, execution_identity: role });
    expect((await agents.update(id, { name: 'Z' })).execution_identity).toEqual(role);
    expect((await agents.update(id, { execution_identity: null })).execution_identity).toEqual({
      type: 'service_account',
    });
  });

  test('metadata keeps its limit over updates', async () => {
    const { id } = await agents.create({ ...BASE, metadata: Object.fromEntries(Object.entries(tooMany).slice(1)) });
    await expect(agents.update(id, { metadata: { one: 'more' } })).rejects.toThrow(/metadata: has more than 16/);
    await agents.update(id, { metadata: { k1: null, one: 'more' } });
  });

  test('many writers, each its own version', async () => {
    const { id } = await agents.create(BASE);
    const made = await Promise.all(Array.from({ length: 20 }, (_, n) => agents.update(id, { name: `n${n}` })));
    expect(made.map((agent) => agent.version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 2),
    );
  });
});

describe('archive', () => {
  test('is for good, repeatable, and hides the agent from the list', async () => {
    const { id } = await agents.create({ ...BASE, name: 'gone' });
    const archived = await agents.archive(id);
    expect(archived.archived_at).not.toBeNull();
    expect({ ...(await agents.archive(id)) }).toEqual({ ...archived });
    await expect(agents.update(id, { name: 'x' })).rejects.toThrow(BadRequestError);
    await expect(agents.archive('agent_none')).rejects.toThrow(NotFoundError);
    const listed = async (include_archived: boolean) => {
      const { data } = await agents.list({ include_archived, limit: 100 });
      return data.some((agent) => agent.id === id);
    };
    expect([await listed(false), await listed(true)]).toEqual([false, true]);
  });
});
