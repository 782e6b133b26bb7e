import { chmod, lchown, lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../durable-files.js';
import { errorCode } from '../error-code.js';

/**
 * Where a sandbox lives on this machine. Only `in` (read-only there), `out`, `workspace`, `session` and `home` are
 * visible inside; the directory itself and `host` are not, so no link inside can stand in their way.
 */
export interface Place {
  key: string;
  directory: string;
  in: string;
  out: string;
  workspace: string;
  session: string;
  home: string;
  host: string;
}

/** Who owns what a sandbox may write: uid 1000, or this process's user where it cannot give files away. */
export interface Owner {
  uid: number;
  gid: number;
}

export const sandboxOwner = (): Owner => {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? { uid: 1000, gid: 1000 } : { uid, gid: process.getgid?.() ?? uid };
};

const safeName = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

/** Throws on a name that could mean another path or another word of a request. */
export function assertSafeName(name: string): void {
  if (!safeName.test(name))
    throw new Error(`not a usable name for a sandbox, command or shell: ${JSON.stringify(name)}`);
}

export function placeOf(dataDir: string, key: string): Place {
  assertSafeName(key);
  const directory = path.resolve(dataDir, key);
  const below = (name: string) => path.join(directory, name);
  return {
    key,
    directory,
    in: below('in'),
    out: below('out'),
    workspace: below('workspace'),
    session: below('session'),
    home: below('home'),
    host: below('host'),
  };
}

/** Makes the directories that are not there yet. */
export async function createPlace(place: Place): Promise<void> {
  await mkdir(place.directory, { recursive: true, mode: 0o700 });
  await mkdir(place.host, { recursive: true });
  for (const directory of [place.in, path.join(place.in, 'x')]) await makeReadableDirectory(directory);
  const outputs = path.join(place.session, 'outputs');
  for (const directory of [place.out, place.workspace, place.session, place.home, outputs])
    await giveDirectory(directory);
}

/**
 * Makes a directory the sandbox's own, also where a process made it that died before it could give it away. Whatever the
 * agent has put in its place is left alone.
 */
async function giveDirectory(directory: string): Promise<void> {
  await mkdir(directory).catch(ignoreExisting);
  const found = await lstat(directory);
  const { uid, gid } = sandboxOwner();
  if (found.isDirectory() && found.uid !== uid && found.uid === process.getuid?.()) await lchown(directory, uid, gid);
}

/** Makes a directory that the sandbox's user can read, whatever our umask. */
export async function makeReadableDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
}

/** Writes a file that the sandbox's user can read, whatever our umask. */
export async function writeReadable(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(file, content);
  await chmod(file, 0o644);
}

/** The generation of the sandbox that was last started here; 0 before the first. */
export async function readGeneration(place: Place): Promise<number> {
  const text = await readFile(path.join(place.host, 'generation'), 'utf8').catch(ignoreMissing);
  return Number(text ?? 0);
}

/** On disk when it resolves: a generation that came back after a power failure would make lost commands look alive. */
export async function writeGeneration(place: Place, generation: number): Promise<void> {
  await replaceFile(path.join(place.host, 'generation'), String(generation));
}

/** For `catch`: undefined where there is no such file, anything else is thrown on. */
export function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
}

function ignoreExisting(error: unknown): void {
  if (errorCode(error) === 'EEXIST') return;
  throw error;
}
