import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { setupSkills } from '@anthropic-ai/sdk/tools/agent-toolset/node';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { membersOf, packZip, skillFiles, skillMd, zipFile } from '../support/skill-files.js';
import { storedFiles, sweepFiles } from '../support/stored-files.js';

let server: TestServer;
let skills: Anthropic['beta']['skills'];
beforeAll(async () => {
  server = await startTestServer();
  skills = server.client.beta.skills;
});
afterAll(async () => {
  await server.stop();
  if (server.reported.length > 0) throw new Error(`not the caller’s fault: ${String(server.reported)}`);
});

async function statuses(requests: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(requests);
  return settled.map((one) => (one.status === 'rejected' ? one.reason.status : 200));
}

test('create, look at it, list it, delete it', async () => {
  const before = await storedFiles(server.filesDir);
  const skill = await skills.create({ files: skillFiles('report-writer'), display_name: 'Reports, written' });
  expect({ ...skill }).toEqual({
    type: 'skill',
    id: expect.stringMatching(/^skill_\w{24}$/),
    display_name: 'Reports, written',
    latest_version_id: expect.stringMatching(/^skver_\w{24}$/),
    source: { type: 'custom' },
    created_at: expect.stringMatching(/Z$/),
    updated_at: skill.created_at,
  });
  expect(await skills.retrieve(skill.id)).toEqual(skill);
  expect((await skills.list()).data).toContainEqual(skill);
  const version = await skills.versions.retrieve('latest', { skill_id: skill.id });
  expect({ ...version }).toEqual({
    type: 'skill_version',
    id: skill.latest_version_id,
    skill_id: skill.id,
    name: 'report-writer',
    description: 'What report-writer is for.',
    created_at: skill.created_at,
  });
  expect(await skills.versions.retrieve(version.id, { skill_id: skill.id })).toEqual(version);
  expect(await skills.delete(skill.id)).toMatchObject({ id: skill.id, type: 'skill_deleted' });
  const at = { skill_id: skill.id };
  const gone = [
    skills.retrieve(skill.id),
    skills.delete(skill.id),
    skills.versions.create(skill.id, { files: skillFiles('report-writer') }),
    skills.versions.retrieve('latest', at),
    skills.versions.retrieve(version.id, at),
    skills.versions.list(skill.id),
    skills.versions.delete(version.id, at),
    skills.versions.download(version.id, at),
  ];
  expect(await statuses(gone)).toEqual(gone.map(() => 404));
  expect(await storedFiles(server.filesDir)).toEqual(before);
});

test.each([[undefined], [null], ['null']])('a display name that is %s is the skill’s own', async (display_name) => {
  const form = new FormData();
  for (const file of skillFiles('plain-one')) form.append('files[]', file, file.name);
  if (display_name !== undefined) form.append('display_name', String(display_name));
  const response = await rawFetch(server, '/v1/skills', { method: 'POST', body: form });
  expect(await response.json()).toMatchObject({ display_name: 'plain-one' });
});

test('a skill that does not name itself is called as its directory is', async () => {
  const file = new File(['---\ndescription: d\n---\n'], 'by-directory/SKILL.md');
  const { id } = await skills.create({ files: [file] });
  expect(await skills.versions.retrieve('latest', { skill_id: id })).toMatchObject({ name: 'by-directory' });
});

test('versions: the newest is the latest, until it is deleted; the only one stays', async () => {
  const first = await skills.create({ files: skillFiles('counter') });
  const second = await skills.versions.create(first.id, { files: skillFiles('counter', {}, 'Counts better.') });
  expect(second).toMatchObject({ skill_id: first.id, name: 'counter', description: 'Counts better.' });
  const changed = await skills.retrieve(first.id);
  expect(changed).toMatchObject({ latest_version_id: second.id, created_at: first.created_at });
  expect(changed.updated_at > first.updated_at).toBe(true);
  const at = { skill_id: first.id };
  expect(await skills.versions.retrieve('latest', at)).toEqual(second);
  await expect(skills.versions.delete('latest', at)).rejects.toThrow(NotFoundError);
  expect(await skills.versions.delete(second.id, at)).toMatchObject({ id: second.id, type: 'skill_version_deleted' });
  expect(await skills.retrieve(first.id)).toMatchObject({ latest_version_id: first.latest_version_id });
  await expect(skills.versions.retrieve(second.id, at)).rejects.toThrow(NotFoundError);
  await expect(skills.versions.delete(first.latest_version_id, at)).rejects.toThrow(/400 .*version: is the only one/);
  expect((await skills.versions.list(first.id)).data).toHaveLength(1);
});

test('a version of another skill is not found below this one', async () => {
  const [one, other] = [
    await skills.create({ files: skillFiles('a') }),
    await skills.create({ files: skillFiles('b') }),
  ];
  await skills.versions.create(other.id, { files: skillFiles('b') });
  const at = { skill_id: one.id };
  const version = other.latest_version_id;
  const requests = [
    skills.versions.retrieve(version, at),
    skills.versions.download(version, at),
    skills.versions.delete(version, at),
  ];
  expect(await statuses(requests)).toEqual([404, 404, 404]);
});

test('all versions have the name of the first', async () => {
  const { id, latest_version_id } = await skills.create({ files: skillFiles('steady') });
  const before = await storedFiles(server.filesDir);
  await expect(skills.versions.create(id, { files: skillFiles('other-name', { a: 'new bytes' }) })).rejects.toThrow(
    /400 .*files: SKILL\.md name: must stay \\"steady\\"/,
  );
  expect(await skills.retrieve(id)).toMatchObject({ latest_version_id });
  expect(await storedFiles(server.filesDir)).toEqual(before);
});

test('a download is a zip of one directory, called as the skill, with every file to the byte', async () => {
  const files = [
    new File([skillMd('bundled')], 'upload dir/SKILL.md'),
    new File(['#!/bin/sh\necho hi\n'], 'upload dir/scripts/run.sh'),
    new File(['{"ü": "日本"}'], 'upload dir/data/Größe 1.json'),
    new File([], 'upload dir/empty'),
  ];
  const { id } = await skills.create({ files });
  const { id: version } = await skills.versions.retrieve('latest', { skill_id: id });
  const response = await skills.versions.download(version, { skill_id: id });
  expect(response.headers.get('content-type')).toBe('application/zip');
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="bundled.zip"');
  expect(await membersOf(response)).toEqual({
    'bundled/SKILL.md': { text: skillMd('bundled'), mode: 0o100644 },
    'bundled/scripts/run.sh': { text: '#!/bin/sh\necho hi\n', mode: 0o100755 },
    'bundled/data/Größe 1.json': { text: '{"ü": "日本"}', mode: 0o100644 },
    'bundled/empty': { text: '', mode: 0o100644 },
  });
  const latest = await skills.versions.download('latest', { skill_id: id });
  expect(Object.keys(await membersOf(latest))).toHaveLength(4);
});

test('a zip archive is taken like its files: modes are kept, directories and what a Mac adds are left out', async () => {
  const archive = await packZip([
    { path: 'zipped/' },
    { path: 'zipped/SKILL.md', content: skillMd('zipped') },
    { path: 'zipped/bin/tool', content: 'binary', mode: 0o100755 },
    { path: 'zipped/.DS_Store', content: 'x' },
    { path: '__MACOSX/zipped/._SKILL.md', content: 'x' },
  ]);
  const { id } = await skills.create({ files: [zipFile(archive)] });
  const response = await skills.versions.download('latest', { skill_id: id });
  expect(await membersOf(response)).toEqual({
    'zipped/SKILL.md': { text: skillMd('zipped'), mode: 0o100644 },
    'zipped/bin/tool': { text: 'binary', mode: 0o100755 },
  });
});

test.each(['dist/skill.zip', './skill.zip', '/home/me/skill.zip', 'skill'])(
  'an archive may be called %s, as the SDK calls what it reads from disk',
  async (name) => {
    const archive = await packZip([{ path: 'from-disk/SKILL.md', content: skillMd('from-disk') }]);
    const { id } = await skills.create({ files: [zipFile(archive, name)] });
    expect(await skills.versions.retrieve('latest', { skill_id: id })).toMatchObject({ name: 'from-disk' });
  },
);

test('paths may begin here', async () => {
  const files = [new File([skillMd('here')], './here/SKILL.md'), new File(['x'], './here/a/b')];
  const { id } = await skills.create({ files });
  const response = await skills.versions.download('latest', { skill_id: id });
  expect(Object.keys(await membersOf(response))).toEqual(['here/SKILL.md', 'here/a/b']);
});

const hasUnzip = spawnSync('unzip', ['-v']).status === 0;
if (!hasUnzip) console.log('The SDK’s own download is not tested: it needs unzip, which is not on this machine.');
(hasUnzip ? describe : describe.skip)('the SDK downloads', () => {
  test('the skills of an agent, into its working directory', async () => {
    const { id } = await skills.create({
      files: skillFiles('worker-skill', { 'bin/go': '#!/bin/sh\n', 'notes.md': 'n' }),
    });
    const workdir = mkdtempSync(join(tmpdir(), 'drover-skills-'));
    try {
      const agent = { skills: [{ type: 'custom', skill_id: id, version: 'latest' }] };
      // Of the session it reads the agent's skills and nothing else.
      const session = { agent } as unknown as Anthropic.Beta.Sessions.BetaManagedAgentsSession;
      await setupSkills({ client: server.client, session, workdir });
      expect(readFileSync(join(workdir, 'skills/worker-skill/SKILL.md'), 'utf8')).toBe(skillMd('worker-skill'));
      expect(statSync(join(workdir, 'skills/worker-skill/bin/go')).mode & 0o777).toBe(0o755);
      expect(statSync(join(workdir, 'skills/worker-skill/notes.md')).mode & 0o777).toBe(0o644);
    } finally {
      rmSync(workdir, { recursive: true });
    }
  });
});

test('equal skills share their bytes, and those of one outlive the other', async () => {
  const before = (await storedFiles(server.filesDir)).length;
  const [one, two] = await Promise.all([1, 2].map(() => skills.create({ files: skillFiles('twin', { a: 'same' }) })));
  if (!one || !two) throw new Error('two were made');
  expect(await storedFiles(server.filesDir)).toHaveLength(before + 1);
  await skills.delete(one.id);
  expect((await skills.versions.download('latest', { skill_id: two.id })).status).toBe(200);
  await sweepFiles(server);
  expect((await skills.versions.download('latest', { skill_id: two.id })).status).toBe(200);
  await skills.delete(two.id);
  expect(await storedFiles(server.filesDir)).toHaveLength(before);
});

describe('lists', () => {
  let made: string[];
  beforeAll(async () => {
    made = [];
    for (let n = 0; n < 23; n++) made.unshift((await skills.create({ files: skillFiles(`listed-${n}`) })).id);
  });

  test('newest first, in pages, each once', async () => {
    const seen: string[] = [];
    for await (const { id } of skills.list({ limit: 10 })) seen.push(id);
    expect(seen.slice(0, 23)).toEqual(made);
    expect(new Set(seen).size).toBe(seen.length);
    const first = await skills.list();
    expect(first.data).toHaveLength(20);
    expect(first.next_page).toMatch(/^page_/);
  });

  test('by source: there are only custom ones', async () => {
    expect((await skills.list({ source: 'custom', limit: 1 })).data.map(({ id }) => id)).toEqual(made.slice(0, 1));
    expect((await skills.list({ source: 'anthropic' })).data).toEqual([]);
    expect((await skills.list({ source: null, limit: 1 })).data).toHaveLength(1);
  });

  test('versions, newest first, in pages', async () => {
    const { id, latest_version_id } = await skills.create({ files: skillFiles('many') });
    const versions = [latest_version_id];
    for (let n = 0; n < 4; n++) {
      versions.unshift((await skills.versions.create(id, { files: skillFiles('many', { n: String(n) }) })).id);
    }
    const seen: string[] = [];
    for await (const version of skills.versions.list(id, { limit: 2 })) seen.push(version.id);
    expect(seen).toEqual(versions);
  });

  test.each<[string, Anthropic.Beta.SkillListParams, RegExp]>([
    ['a limit of 0', { limit: 0 }, /limit: must be an integer between 1 and 100/],
    ['a limit of 101', { limit: 101 }, /limit: must be an integer between 1 and 100/],
    ['a cursor of another list', { page: 'page_x' }, /page: /],
    ['another source', { source: 'mine' }, /source: .* is not one of custom, anthropic/],
  ])('%s is refused', async (_what, params, message) => {
    const request = skills.list(params);
    await expect(request).rejects.toThrow(BadRequestError);
    await expect(request).rejects.toThrow(message);
  });

  test('a limit of 1,001 versions is refused, 1,000 are not', async () => {
    const [id = ''] = made;
    expect((await skills.versions.list(id, { limit: 1_000 })).data).toHaveLength(1);
    await expect(skills.versions.list(id, { limit: 1_001 })).rejects.toThrow(/between 1 and 1000/);
  });
});

test('another workspace sees none of it', async () => {
  const { id, latest_version_id: version } = await skills.create({ files: skillFiles('foreign') });
  await server.db.updateTable('skills').set({ workspace: 'wrkspc_other' }).where('id', '=', id).execute();
  const at = { skill_id: id };
  const requests = [
    skills.retrieve(id),
    skills.delete(id),
    skills.versions.create(id, { files: skillFiles('foreign') }),
    skills.versions.retrieve(version, at),
    skills.versions.list(id),
    skills.versions.delete(version, at),
    skills.versions.download(version, at),
  ];
  expect(await statuses(requests)).toEqual(requests.map(() => 404));
  expect((await skills.list({ limit: 100 })).data.map((skill) => skill.id)).not.toContain(id);
});
