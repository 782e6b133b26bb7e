import type Anthropic from '@anthropic-ai/sdk';
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

describe('multiagent', () => {
  test('coordinator: members are pinned, the advisor comes last', async () => {
    const member = await agents.create(BASE);
    await agents.update(member.id, { name: 'v2' });
    const boss = await agents.create({
      ...BASE,
      multiagent: {
        type: 'coordinator',
        agents: [{ type: 'advisor', model: 'claude-fable-5-2' }, { type: 'self' }, member.id],
      },
    });
    expect(boss.multiagent).toEqual({
      type: 'coordinator',
      agents: [
        { type: 'agent', id: boss.id, version: 1 },
        { type: 'agent', id: member.id, version: 2 },
        { type: 'advisor', model: 'claude-fable-5-2' },
      ],
    });
    const roster = {
      type: 'coordinator',
      agents: [{ type: 'advisor', model: 'claude-fable-5-2' }, { type: 'self' }, member.id],
    } as const;
    expect((await agents.update(boss.id, { multiagent: { ...roster, agents: [...roster.agents] } })).version).toBe(1);
    expect((await agents.update(boss.id, { multiagent: null })).multiagent).toBeNull();
  });

  test('multiagent_20261001: defaults, then merged level by level', async () => {
    const member = await agents.create(BASE);
    const reference = { type: 'agent', id: member.id, version: 1 };
    const enabled = { type: 'enabled', inline_agents: { type: 'enabled' }, predefined_agents: [] };
    const { id, multiagent } = await agents.create({ ...BASE, multiagent: { type: 'multiagent_20261001' } });
    expect(multiagent).toEqual({
      type: 'multiagent_20261001',
      advisor: { type: 'disabled' },
      subagents: enabled,
      workflows: enabled,
    });
    const updated = await agents.update(id, {
      multiagent: {
        type: 'multiagent_20261001',
        subagents: { type: 'enabled', predefined_agents: [member.id] },
        workflows: { type: 'disabled' },
      },
    });
    expect(updated.multiagent).toMatchObject({
      subagents: { ...enabled, predefined_agents: [reference] },
      workflows: { type: 'disabled' },
    });
    const merged = await agents.update(id, {
      multiagent: {
        type: 'multiagent_20261001',
        subagents: { type: 'enabled', inline_agents: { type: 'disabled' } },
        workflows: null,
      },
    });
    expect(merged.multiagent).toMatchObject({
      subagents: { inline_agents: { type: 'disabled' }, predefined_agents: [reference] },
      workflows: enabled,
    });
  });

  test.each<[string, (ids: Ids) => CreateParams['multiagent'], RegExp]>([
    [
      'an unknown agent',
      () => ({ type: 'coordinator', agents: ['agent_none'] }),
      /multiagent\.agents\.0: there is no agent/,
    ],
    [
      'an unknown version',
      ({ plain }) => ({ type: 'coordinator', agents: [{ type: 'agent', id: plain, version: 9 }] }),
      /there is no agent \w+ version 9/,
    ],
    ['an archived agent', ({ archived }) => ({ type: 'coordinator', agents: [archived] }), /is archived/],
    ['a coordinator in a roster', ({ boss }) => ({ type: 'coordinator', agents: [boss] }), /is itself multi-agent/],
    [
      'the same agent twice',
      ({ plain }) => ({ type: 'coordinator', agents: [plain, { type: 'agent', id: plain, version: 1 }] }),
      /twice/,
    ],
    ['an empty roster', () => ({ type: 'coordinator', agents: [] }), /multiagent\.agents: /],
    [
      'two advisors',
      () => ({
        type: 'coordinator',
        agents: [
          { type: 'advisor', model: 'a' },
          { type: 'advisor', model: 'b' },
        ],
      }),
      /at most one advisor/,
    ],
    ['another geo', ({ us }) => ({ type: 'coordinator', agents: [us] }), /inference_geo/],
    [
      'nobody to spawn',
      () => ({ type: 'multiagent_20261001', subagents: { type: 'enabled', inline_agents: { type: 'disabled' } } }),
      /multiagent\.subagents\.predefined_agents: must name/,
    ],
    [
      'an advisor without model',
      () => ({ type: 'multiagent_20261001', advisor: { type: 'enabled' } as never }),
      /multiagent\.advisor\.model: is required/,
    ],
  ])('%s is 400', async (_what, multiagent, message) => {
    const ids = await (roster ??= makeRoster());
    await expect(agents.create({ ...BASE, multiagent: multiagent(ids) ?? null })).rejects.toThrow(message);
  });
});

interface Ids {
  plain: string;
  archived: string;
  boss: string;
  us: string;
}

let roster: Promise<Ids> | undefined;

async function makeRoster(): Promise<Ids> {
  const plain = await agents.create(BASE);
  const archived = await agents.create(BASE);
  await agents.archive(archived.id);
  const boss = await agents.create({ ...BASE, multiagent: { type: 'coordinator', agents: [plain.id] } });
  const us = await agents.create({ ...BASE, model: { id: 'm', inference_geo: 'us' } });
  return { plain: plain.id, archived: archived.id, boss: boss.id, us: us.id };
}
