import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createTurns } from '../../src/catalog/files/turns.js';
import { createSkillMount, type MountedSkill } from '../../src/mounts/skills.js';
import { createTranscripts } from '../../src/mounts/transcripts.js';
import { createUploads } from '../../src/mounts/uploads.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'drover-in-place-'))));
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

const directoryOf = (id: string) => join(dir, id);
const bytes = Buffer.from('content');
const skill = (directory: string): MountedSkill => ({
  directory,
  name: directory,
  description: 'd',
  content: directory,
  self_hosted: 0,
});

/** What is made durable from now on, and whether `target` had its name by then. */
async function watchSyncs(target: string): Promise<[path: string, isNamed: boolean][]> {
  const synced: [string, boolean][] = [];
  const handle = await open(dir);
  // All handles have one prototype; what each of them has there it has for all.
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  const sync = Reflect.get(prototype, 'sync');
  jest.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    synced.push([readlinkSync(`/proc/self/fd/${this.fd}`), existsSync(target)]);
    await Reflect.apply(sync, this, []);
  });
  await handle.close();
  return synced;
}

function expectWhole(
  synced: [path: string, isNamed: boolean][],
  { target, draft, inside }: { target: string; draft: string; inside: string[] },
): void {
  const paths = (named: boolean) => synced.filter(([, isNamed]) => isNamed === named).map(([path]) => path);
  expect(paths(false).toSorted()).toEqual([draft, ...inside.map((path) => join(draft, path))].toSorted());
  expect(paths(true)).toEqual([dirname(target), dir]);
}

describe('after a power failure what is there is whole:', () => {
  test('the files of skills and their directories are on disk before they have their place, and then that is', async () => {
    const target = join(dir, 's', 'skills');
    const synced = await watchSyncs(target);
    const files = ['SKILL.md', 'a/b/c.txt'].map((path) => ({ path, bytes, executable: false }));
    const deps = { directoryOf, skillsOf: async () => [skill('one')], filesOf: async () => files };
    await createSkillMount({ ...deps, turns: createTurns() }).prepare('s');
    const inside = ['one', 'one/SKILL.md', 'one/a', 'one/a/b', 'one/a/b/c.txt'];
    expectWhole(synced, { target, draft: `${target}.new`, inside });
    expect(readFileSync(join(target, 'one/a/b/c.txt'), 'utf8')).toBe('content');
  });

  test('the same of transcripts', async () => {
    const target = join(dir, 's', 'transcripts');
    const synced = await watchSyncs(target);
    const lines = Readable.from(['one', 'two']);
    await createTranscripts((id) => join(directoryOf(id), 'transcripts')).write('s', [{ name: 'a.jsonl', lines }]);
    expectWhole(synced, { target, draft: `${target}.draft`, inside: ['a.jsonl'] });
    expect(readFileSync(join(target, 'a.jsonl'), 'utf8')).toBe('one\ntwo\n');
  });
});

test('skills of many sessions are unpacked one after the other: no two are in memory at once', async () => {
  let inMemory = 0;
  let most = 0;
  const filesOf = async ({ directory }: MountedSkill) => {
    most = Math.max(most, (inMemory += 1));
    await new Promise((resolve) => setTimeout(resolve, 2));
    inMemory -= 1;
    return [{ path: 'SKILL.md', bytes: Buffer.from(directory), executable: false }];
  };
  const skills = [skill('one'), skill('two')];
  const mount = createSkillMount({ directoryOf, skillsOf: async () => skills, filesOf, turns: createTurns() });
  // Each is asked for twice, as by a model call that is under way and the tool that it calls.
  const sessions = ['a', 'b', 'c', 'd'];
  await Promise.all([...sessions, ...sessions].map((id) => mount.prepare(id)));
  expect(most).toBe(1);
  for (const id of sessions) expect(readFileSync(join(dir, id, 'skills/two/SKILL.md'), 'utf8')).toBe('two');
});

test('a copy of an upload that fails half-way leaves nothing, however often it is tried', async () => {
  let isWhole = false;
  const read = async () =>
    Readable.from(
      (function* () {
        yield bytes;
        if (!isWhole) throw new Error('the disk is full');
      })(),
    );
  const wanted = [{ path: '/mnt/session/uploads/f', content: 'hash' }];
  const uploads = createUploads({
    directoryOf,
    uploadsOf: async () => wanted,
    contents: { read },
    turns: createTurns(),
  });
  for (let tries = 0; tries < 3; tries += 1) await expect(uploads.prepare('s')).rejects.toThrow('the disk is full');
  expect(readdirSync(join(dir, 's', 'contents'))).toEqual([]);
  isWhole = true;
  await uploads.prepare('s');
  expect(readFileSync(join(dir, 's', 'uploads', 'f'), 'utf8')).toBe('content');
});
