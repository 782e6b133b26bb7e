import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { skillFiles } from '../support/skill-files.js';

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
