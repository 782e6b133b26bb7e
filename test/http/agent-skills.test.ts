import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { readArchive } from '../../src/catalog/skills/archive.js';
import { readSessionSkills } from '../../src/catalog/skills/session-skills.js';
import { createDiskContents } from '../../src/files/disk.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { skillFiles } from '../support/skill-files.js';
import { storedFiles, sweepFiles } from '../support/stored-files.js';

let server: TestServer;
let agents: Anthropic['beta']['agents'];
let skills: Anthropic['beta']['skills'];
beforeAll(async () => {
  server = await startTestServer();
  ({ agents, skills } = server.client.beta);
});
afterAll(() => server.stop());

type SkillParams = Anthropic.Beta.Agents.BetaManagedAgentsSkillParams;

const save = (...skillParams: SkillParams[]) => agents.create({ name: 'a', model: 'm', skills: skillParams });
const custom = (skill_id: string, version?: string): SkillParams =>
  version === undefined ? { type: 'custom', skill_id } : { type: 'custom', skill_id, version };

describe('saving an agent', () => {
  test('a version that is left out or null is the latest', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => skills.create({ files: skillFiles('either') })));
    if (!one || !two) throw new Error('two were made');
    const agent = await save(custom(one.id), { type: 'custom', skill_id: two.id, version: null });
    expect(agent.skills.map(({ version }) => version)).toEqual(['latest', 'latest']);
  });

  test('a skill that is not there is refused, and so are a version and a type that it does not have', async () => {
    const one = await skills.create({ files: skillFiles('one') });
    const two = await skills.create({ files: skillFiles('two') });
    const wrong: [SkillParams, RegExp][] = [
      [custom('skill_none'), /skills\.1\.skill_id: there is no custom skill skill_none/],
      [{ type: 'anthropic', skill_id: 'xlsx' }, /skills\.1\.skill_id: there is no anthropic skill xlsx/],
      [{ type: 'anthropic', skill_id: two.id }, /skills\.1\.skill_id: there is no anthropic skill/],
      [custom(two.id, 'skver_none'), /skills\.1\.version: skill skill_\w+ has no version skver_none/],
      [custom(two.id, one.latest_version_id), /skills\.1\.version: skill skill_\w+ has no version skver_/],
    ];
    for (const [params, message] of wrong) {
      const request = save(custom(one.id), params);
      await expect(request).rejects.toThrow(message);
      await expect(request).rejects.toThrow(BadRequestError);
    }
  });

  test('a skill of another workspace is not there', async () => {
    const { id } = await skills.create({ files: skillFiles('foreign') });
    await server.db.updateTable('skills').set({ workspace: 'wrkspc_other' }).where('id', '=', id).execute();
    await expect(save(custom(id))).rejects.toThrow(/there is no custom skill/);
  });

  test('an agent whose skill was deleted can be changed, and can drop it; it cannot name it anew', async () => {
    const { id } = await skills.create({ files: skillFiles('short-lived') });
    const agent = await save(custom(id));
    await skills.delete(id);
    expect(await agents.update(agent.id, { system: 's' })).toMatchObject({ version: 2, skills: agent.skills });
    // The same as before, so nothing changes.
    expect(await agents.update(agent.id, { skills: agent.skills })).toMatchObject({ version: 2 });
    await expect(agents.update(agent.id, { name: 'b', skills: [custom(id, 'latest')] })).rejects.toThrow(
      /there is no custom skill/,
    );
    expect(await agents.update(agent.id, { skills: [] })).toMatchObject({ version: 3, skills: [] });
  });
});

describe('a session', () => {
  const TOOLSET = { type: 'agent_toolset_20260401' as const };
  let environment_id: string;
  beforeAll(async () => ({ id: environment_id } = await server.client.beta.environments.create({ name: 'e' })));

  type AgentParams = Anthropic.Beta.Agents.AgentCreateParams;

  async function agentWith(skill: SkillParams, tools: AgentParams['tools'] = [TOOLSET]) {
    return agents.create({ name: 'a', model: 'm', tools, skills: [skill] });
  }
  const open = (agent: Anthropic.Beta.Sessions.SessionCreateParams['agent']) =>
    server.client.beta.sessions.create({ agent, environment_id });

  test('has the version that was the latest when it was created, whatever comes after', async () => {
    const { id, latest_version_id } = await skills.create({ files: skillFiles('pinned') });
    const agent = await agentWith(custom(id));
    const session = await open(agent.id);
    expect(session.agent.skills).toEqual([{ type: 'custom', skill_id: id, version: latest_version_id }]);
    await skills.versions.create(id, { files: skillFiles('pinned', { more: 'x' }) });
    expect((await server.client.beta.sessions.retrieve(session.id)).agent.skills).toEqual(session.agent.skills);
    expect((await agents.retrieve(agent.id)).skills[0]?.version).toBe('latest');
  });

  test('keeps a skill that is deleted, and its bytes go with the last session that has it', async () => {
    const before = await storedFiles(server.filesDir);
    const { id } = await skills.create({ files: skillFiles('kept', { a: 'bytes of its own' }) });
    const agent = await agentWith(custom(id));
    const [one, two] = [await open(agent.id), await open(agent.id)];
    const kept = await storedFiles(server.filesDir);
    await skills.delete(id);
    await sweepFiles(server);
    await server.client.beta.sessions.delete(one.id);
    expect(await storedFiles(server.filesDir)).toEqual(kept);
    await server.client.beta.sessions.delete(two.id);
    expect(await storedFiles(server.filesDir)).toEqual(before);
    await expect(open(agent.id)).rejects.toThrow(/400 .*agent\.skills\.0\.skill_id: there is no custom skill/);
  });

  test('is refused with a version that was deleted', async () => {
    const { id, latest_version_id } = await skills.create({ files: skillFiles('dropped') });
    await skills.versions.create(id, { files: skillFiles('dropped') });
    const agent = await agentWith(custom(id, latest_version_id));
    await skills.versions.delete(latest_version_id, { skill_id: id });
    await expect(open(agent.id)).rejects.toThrow(/400 .*agent\.skills\.0\.version: skill skill_\w+ has no version/);
  });

  test.each<[string, AgentParams['tools']]>([
    ['no tools', []],
    ['no read', [{ ...TOOLSET, configs: [{ name: 'read', enabled: false }] }]],
    ['read left out', [{ ...TOOLSET, default_config: { enabled: false }, configs: [{ name: 'bash', enabled: true }] }]],
  ])('with %s is refused: skills are loaded by read', async (_what, tools) => {
    const { id } = await skills.create({ files: skillFiles('unread') });
    const agent = await agentWith(custom(id), tools);
    await expect(open(agent.id)).rejects.toThrow(/400 .*agent\.skills: need the tool read/);
  });

  test('cannot lose its read later on', async () => {
    const { id } = await skills.create({ files: skillFiles('read-on') });
    const session = await open((await agentWith(custom(id))).id);
    const tools = [{ ...TOOLSET, configs: [{ name: 'read' as const, enabled: false }] }];
    await expect(server.client.beta.sessions.update(session.id, { agent: { tools } })).rejects.toThrow(
      /agent\.skills: /,
    );
  });

  test('may have others by an override, checked like the agent’s', async () => {
    const [one, two] = [
      await skills.create({ files: skillFiles('a') }),
      await skills.create({ files: skillFiles('b') }),
    ];
    const { id } = await agentWith(custom(one.id));
    const overridden = (skill: SkillParams) => open({ type: 'agent_with_overrides', id, skills: [skill] });
    const { agent } = await overridden(custom(two.id));
    expect(agent.skills).toEqual([{ type: 'custom', skill_id: two.id, version: two.latest_version_id }]);
    await expect(overridden(custom('skill_none'))).rejects.toThrow(/400 .*agent\.skills\.0\.skill_id: there is no/);
  });

  test('a deletion at the same time: either the session has its bytes, or there is no session', async () => {
    for (let round = 0; round < 8; round++) {
      const { id } = await skills.create({ files: skillFiles('raced', { round: String(round) }) });
      const agent = await agentWith(custom(id));
      const [opened] = await Promise.allSettled([open(agent.id), skills.delete(id)]);
      if (opened.status === 'rejected') continue;
      const [row] = await readSessionSkills(server.db, opened.value.id);
      const files = await readArchive(createDiskContents(server.filesDir), row?.content ?? '');
      expect(files.map(({ path }) => path)).toEqual(['SKILL.md', 'round']);
    }
  });
});
