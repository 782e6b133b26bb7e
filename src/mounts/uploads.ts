import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Turns } from '../catalog/files/turns.js';
import { syncPath } from '../durable-files.js';
import type { FileContents } from '../files/contents.js';
import { ignoreMissing, makeReadableDirectory } from '../sandbox/place.js';
import { makeMountDirectory } from './directory.js';
import type { MountPart } from './mounts.js';

/** Where a session's files are in its sandbox. */
const UPLOADS = '/mnt/session/uploads';

/** A file that a sandbox is to hold. */
export interface Upload {
  /** Absolute, below `UPLOADS`. */
  path: string;
  /** The hash of its bytes. */
  content: string;
}

export interface UploadsDeps {
  /** Of a session, for this alone. */
  directoryOf: (sessionId: string) => string;
  /** What a session's sandbox is to hold; undefined when there is no such session. */
  uploadsOf: (sessionId: string) => Promise<Upload[] | undefined>;
  contents: Pick<FileContents, 'read'>;
  turns: Turns;
}

/**
 * A session's files, read-only. Each content is copied once into `contents/<hash>`, under that name only when it is
 * whole, and linked from wherever it is to be seen: so a glance at the directories shows what a crash has left undone.
 */
export function createUploads({ directoryOf, uploadsOf, contents, turns }: UploadsDeps): MountPart {
  /** What each session's directory is known to hold, as a hash: it may be 500 files. */
  const held = new Map<string, string>();
  const inTurn = <Result>(sessionId: string, work: () => Promise<Result>) => turns.take(`uploads ${sessionId}`, work);

  return {
    async prepare(sessionId) {
      const directory = directoryOf(sessionId);
      await inTurn(sessionId, async () => {
        const uploads = await uploadsOf(sessionId);
        if (!uploads) throw new Error(`Session ${sessionId} is not there, or is being deleted.`);
        const wanted = createHash('sha256').update(JSON.stringify(uploads)).digest('base64');
        if (held.get(sessionId) === wanted) return;
        held.delete(sessionId);
        await bringUpToDate(directory, uploads, contents);
        held.set(sessionId, wanted);
        const oldest = held.keys().next().value;
        if (held.size > REMEMBERED && oldest !== undefined) held.delete(oldest);
      });
      return [{ at: UPLOADS, from: join(directory, SHOWN), access: 'read_only' }];
    },
    collect: async () => {},
    describe: async () => `Files that the user gives you are in ${UPLOADS}, which you can only read.`,
    remove: (sessionId) => inTurn(sessionId, async () => void held.delete(sessionId)),
  };
}

const REMEMBERED = 10_000;
const SHOWN = 'uploads';
const CONTENTS = 'contents';

async function bringUpToDate(directory: string, uploads: Upload[], contents: UploadsDeps['contents']): Promise<void> {
  const shown = join(directory, SHOWN);
  const kept = join(directory, CONTENTS);
  await makeMountDirectory(shown, 'read_only');
  await mkdir(kept, { recursive: true, mode: 0o700 });
  const wanted = new Map(uploads.map(({ path, content }) => [path.slice(UPLOADS.length + 1), content]));
  const hashes = new Set(wanted.values());
  for (const hash of hashes) await copyContent(join(kept, hash), () => contents.read(hash));
  await removeOthers(shown, async (name) => {
    const hash = wanted.get(name);
    return hash !== undefined && (await isSame(join(shown, name), join(kept, hash)));
  });
  for (const [name, hash] of wanted) await show(join(kept, hash), shown, name);
  // Also drafts of a process that died.
  for (const name of await readdir(kept)) if (!hashes.has(name)) await rm(join(kept, name), { force: true });
}

async function copyContent(file: string, read: () => Promise<NodeJS.ReadableStream>): Promise<void> {
  if (await exists(file)) return;
  const draft = `${file}.${randomUUID()}`;
  try {
    await pipeline(await read(), createWriteStream(draft, { flags: 'wx', mode: 0o444 }));
    await chmod(draft, 0o444);
    await syncPath(draft);
    await rename(draft, file);
  } catch (error) {
    // It is tried again and again, and where the disk is full it would stay so.
    await rm(draft, { force: true });
    throw error;
  }
}

/** Removes every file below `directory` that is not to stay, and the directories that are empty then. */
async function removeOthers(
  directory: string,
  stays: (name: string) => Promise<boolean>,
  below = '',
): Promise<boolean> {
  let isEmpty = true;
  for (const entry of await readdir(join(directory, below), { withFileTypes: true })) {
    const name = join(below, entry.name);
    const stay = entry.isDirectory() ? !(await removeOthers(directory, stays, name)) : await stays(name);
    if (stay) isEmpty = false;
    else await rm(join(directory, name), { recursive: true });
  }
  return isEmpty;
}

async function show(content: string, directory: string, name: string): Promise<void> {
  const file = join(directory, name);
  if (await exists(file)) return;
  const parents = dirname(name) === '.' ? [] : dirname(name).split('/');
  for (let depth = 1; depth <= parents.length; depth += 1) {
    await makeReadableDirectory(join(directory, ...parents.slice(0, depth)));
  }
  await link(content, file);
}

const exists = async (file: string): Promise<boolean> => (await inode(file)) !== undefined;

async function isSame(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([inode(one), inode(other)]);
  return first !== undefined && first === second;
}

async function inode(file: string): Promise<bigint | undefined> {
  const found = await lstat(file, { bigint: true }).catch(ignoreMissing);
  return found?.ino;
}
