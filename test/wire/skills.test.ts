import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Anthropic from '@anthropic-ai/sdk';
import type { UpstreamBlock } from '../../bench/upstream-reply.js';
import { packZip, skillFiles, skillMd, zipFile } from '../support/skill-files.js';
import { startWire, type Wire } from './server.js';
import { newPricedModel, only, type Talk, talkTo, textOf } from './session.js';
import { bash } from './suite-tools.js';

let wire: Wire;
let environment_id: string;
beforeAll(async () => {
  wire = await startWire();
  ({ id: environment_id } = await wire.client.beta.environments.create({ name: 'e' }));
}, 300_000);
afterAll(() => wire.stop());

const CHANGES = `'echo x >> SKILL.md' 'rm -r scripts' 'chmod 777 .' 'touch /mnt/skills/new'`;
const read = (file_path: string): UpstreamBlock => ({ type: 'tool_use', name: 'read', input: { file_path } });

/** A session of an agent with these skills, and a model of its own that calls tools, one a turn. */
async function openSkilled(skillIds: string[], calls: UpstreamBlock[], where = environment_id): Promise<Talk> {
  const model = newPricedModel();
  wire.script(model, ...calls.flatMap((block) => [{ blocks: [block] }, {}]));
  const skills = skillIds.map((skill_id) => ({ type: 'custom' as const, skill_id }));
  const tools = [{ type: 'agent_toolset_20260401' as const }];
  const agent = await wire.client.beta.agents.create({ name: 'a', model, tools, skills });
  const { id } = await wire.client.beta.sessions.create({ agent: agent.id, environment_id: where });
  return talkTo(wire, id, model);
}

/** What the next of its calls prints. */
async function next(talk: Talk): Promise<string> {
  return textOf(only(await talk.turn('go on'), 'agent.tool_result')[0]);
}

function systemOf({ model }: Talk): string {
  return JSON.stringify(wire.requestsOf(model).at(-1)?.body.system);
}

function upload(files: File[]): Promise<Anthropic.Beta.BetaSkill> {
  return wire.client.beta.skills.create({ files });
}

test('an agent is told name, description and place; the files are there when it reads them, and cannot be changed', async () => {
  const archive = await packZip([
    {
      path: 'table-maker/SKILL.md',
      content: skillMd('table-maker', 'Makes tables.\n  Wide ones, too.').replace('Makes', '>\n  Makes'),
    },
    { path: 'table-maker/scripts/make', content: '#!/bin/sh\necho made by $0\n', mode: 0o100755 },
    { path: 'table-maker/data/größe.txt', content: 'ü' },
  ]);
  const { id } = await upload([zipFile(archive)]);
  const plain = await upload(skillFiles('plain'));
  const talk = await openSkilled(
    [id, plain.id],
    [
      read('/mnt/skills/table-maker/SKILL.md'),
      bash('/mnt/skills/table-maker/scripts/make; cat /mnt/skills/*/data/*'),
      bash(
        `ls -A /mnt/skills; cd /mnt/skills/table-maker; for try in ${CHANGES}; do bash -c "$try" || echo refused; done`,
      ),
    ],
  );
  expect(await next(talk)).toContain('# How to table-maker');
  expect(systemOf(talk)).toContain('- table-maker: Makes tables. Wide ones, too. (/mnt/skills/table-maker/SKILL.md)');
  expect(systemOf(talk)).toContain('- plain: What plain is for. (/mnt/skills/plain/SKILL.md)');
  // On demand: nothing of the instructions themselves is told before they are read.
  expect(systemOf(talk)).not.toContain('How to');
  expect(await next(talk)).toMatch(/^made by \/mnt\/skills\/table-maker\/scripts\/make\nü/);
  const tries = await next(talk);
  expect(tries).toMatch(/^plain\ntable-maker\n/);
  expect(tries.match(/^refused$/gm)).toHaveLength(4);
});

test('a session keeps what it was created with: a new version, a deletion and a new sandbox change nothing', async () => {
  const { id } = await upload(skillFiles('steady', { note: 'first' }));
  const show = bash('cat /mnt/skills/steady/note');
  const talk = await openSkilled([id], [show, show]);
  await wire.client.beta.skills.versions.create(id, { files: skillFiles('steady', { note: 'second' }) });
  expect(await next(talk)).toMatch(/^first/);
  await wire.client.beta.skills.delete(id);
  // As if it were another machine: what was unpacked is gone.
  talk.stream.close();
  await wire.restart(() => rmSync(join(wire.dataDir, 'mounts', talk.id), { recursive: true }));
  const again = await talkTo(wire, talk.id, talk.model);
  expect(await next(again)).toMatch(/^first/);
  expect(systemOf(talk)).toContain('/mnt/skills/steady/SKILL.md');
});

test('two skills of one name have a directory each', async () => {
  const [one, two] = [await upload(skillFiles('same', { n: '1' })), await upload(skillFiles('same', { n: '2' }))];
  const talk = await openSkilled(
    [one.id, two.id],
    [bash('cd /mnt/skills; for d in *; do echo $d; cat $d/n; echo; done')],
  );
  expect(await next(talk)).toMatch(/^same\n1\nsame\.2\n2/);
});

test('where a worker elsewhere runs the tools, the agent is told of the place that the worker has', async () => {
  const { id } = await upload(skillFiles('far-away'));
  const ours = await wire.client.beta.environments.create({ name: 'ours', config: { type: 'self_hosted' } });
  const talk = await openSkilled([id], [read('skills/far-away/SKILL.md')], ours.id);
  await talk.send('go on');
  while (wire.requestsOf(talk.model).length === 0) await sleep(20);
  expect(systemOf(talk)).toContain('(skills/far-away/SKILL.md)');
});

test('deleting the session removes what was unpacked', async () => {
  const { id } = await upload(skillFiles('passing'));
  const talk = await openSkilled([id], [bash('ls /mnt/skills')]);
  expect(await next(talk)).toMatch(/^passing/);
  const mounts = join(wire.dataDir, 'mounts');
  expect(readdirSync(mounts)).toContain(talk.id);
  await wire.client.beta.sessions.delete(talk.id);
  expect(readdirSync(mounts)).not.toContain(talk.id);
});
