import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Turns } from '../catalog/files/turns.js';
import { putInPlace } from './directory.js';
import type { MountPart } from './mounts.js';

/** A skill as a session has it. */
export interface MountedSkill {
  /** Its directory's name. */
  directory: string;
  name: string;
  description: string;
  /** What `filesOf` finds its files by. */
  content: string;
  /** 1 where a worker elsewhere has it, which keeps skills in its working directory (clients §3.3). */
  self_hosted: number;
}

interface SkillFile {
  /** Below the directory that the archive has around all of its files. */
  path: string;
  bytes: Uint8Array;
  executable: boolean;
}

export interface SkillMountDeps {
  /** A session's directory on this machine. */
  directoryOf: (sessionId: string) => string;
  /** The same ones for as long as the session lives. */
  skillsOf: (sessionId: string) => Promise<readonly MountedSkill[]>;
  /** All of them, in memory. */
  filesOf: (skill: MountedSkill) => Promise<readonly SkillFile[]>;
  turns: Turns;
}

const AT = '/mnt/skills';

/** The skills of a session's agent: each a directory below `/mnt/skills`, read-only, made when the first command is to run. */
export function createSkillMount(deps: SkillMountDeps): MountPart {
  const from = (sessionId: string): string => join(deps.directoryOf(sessionId), 'skills');
  const inTurn = <Result>(sessionId: string, work: () => Promise<Result>) =>
    deps.turns.take(`skills of ${sessionId}`, work);
  return {
    prepare: (sessionId) =>
      inTurn(sessionId, async () => {
        const hasSome = await unpackAll(deps, sessionId, from(sessionId));
        return hasSome ? [{ at: AT, from: from(sessionId), access: 'read_only' }] : [];
      }),
    collect: async () => {},
    async describe(sessionId) {
      const skills = await deps.skillsOf(sessionId);
      return skills.length === 0 ? undefined : [INTRODUCTION, ...skills.map(describeSkill)].join('\n');
    },
    remove: (sessionId) =>
      inTurn(sessionId, async () => {
        const target = from(sessionId);
        for (const directory of [target, draftOf(target)]) await rm(directory, { recursive: true, force: true });
      }),
  };
}

const INTRODUCTION =
  'You have skills: instructions and files for particular kinds of task, each in a directory that you can read and not ' +
  'change. When one fits what you are asked to do, read its SKILL.md before you begin. Paths in it are relative to its ' +
  'directory.';

function describeSkill({ directory, name, description, self_hosted }: MountedSkill): string {
  const at = self_hosted === 1 ? `skills/${name}` : `${AT}/${directory}`;
  return `- ${name}: ${description.replaceAll(/\s+/g, ' ')} (${at}/SKILL.md)`;
}

/** Whether the session has any. They come into their place together, so that whatever is there is whole. */
async function unpackAll(deps: SkillMountDeps, sessionId: string, target: string): Promise<boolean> {
  const skills = await deps.skillsOf(sessionId);
  if (skills.length === 0) return false;
  if (await isDirectory(target)) return true;
  const draft = draftOf(target);
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(draft), { recursive: true, mode: 0o700 });
  await makeDirectories(dirname(draft), draft);
  for (const skill of skills) {
    // One at a time, of all sessions: each is in memory as a whole.
    await deps.turns.take('a skill that is unpacked', async () => {
      for (const file of await deps.filesOf(skill)) await writeMember(draft, join(draft, skill.directory), file);
    });
  }
  await putInPlace(draft, target);
  return true;
}

function draftOf(target: string): string {
  return `${target}.new`;
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

async function writeMember(root: string, directory: string, { path, bytes, executable }: SkillFile): Promise<void> {
  const file = join(directory, path);
  await makeDirectories(root, dirname(file));
  await writeFile(file, bytes, { flag: 'wx' });
  // Whatever our umask.
  await chmod(file, executable ? 0o755 : 0o644);
}

/** Directories below `root` that a sandbox's user can read. */
async function makeDirectories(root: string, directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let made = directory; made !== root && made.length >= first.length; made = dirname(made))
    await chmod(made, 0o755);
}
