import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { errorCode } from '../error-code.js';

/** A regular file that was found below a directory. */
export interface Found {
  /** From the directory on. */
  path: string;
  stat: BigIntStats;
  /** While the walk stands at this file. Undefined when it is no regular file any more, or may not be read. */
  open(): Promise<FileHandle | undefined>;
}

/**
 * The regular files below `directory`, which somebody else may be changing who is not to be trusted. From there on no
 * link is followed: each directory is held open and what is in it is reached through that. Names that are not UTF-8 are
 * passed over.
 */
export async function* walk(directory: string, { depth, entries }: WalkLimits): AsyncGenerator<Found> {
  let left = entries;

  async function* below(parent: FileHandle, prefix: string, level: number): AsyncGenerator<Found> {
    const here = `/proc/self/fd/${parent.fd}`;
    for await (const { name } of await opendir(here)) {
      left -= 1;
      if (left < 0) return;
      const at = `${here}/${name}`;
      const stat = await lstat(at, { bigint: true }).catch(ignoreAbsent);
      if (stat?.isFile()) yield { path: prefix + name, stat, open: () => openFile(at) };
      if (!stat?.isDirectory() || level >= depth) continue;
      const inner = await openDirectory(at);
      if (!inner) continue;
      try {
        yield* below(inner, `${prefix}${name}/`, level + 1);
      } finally {
        await inner.close();
      }
    }
  }

  const root = await openDirectory(directory);
  if (!root) return;
  try {
    yield* below(root, '', 1);
  } finally {
    await root.close();
  }
}

export interface WalkLimits {
  /** Of directories in each other. */
  depth: number;
  /** Names that are looked at; those beyond are as if they were not there. */
  entries: number;
}

function openDirectory(path: string): Promise<FileHandle | undefined> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(ignoreAbsent);
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  // A FIFO in the file's place must not block.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(ignoreAbsent);
  if (!file || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** Gone since, a link (ELOOP, ENOTDIR), a socket (ENXIO), or closed to a server that is not root. */
const ABSENT = ['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'EACCES'];

const ignoreAbsent = (error: unknown): undefined => {
  if (ABSENT.includes(errorCode(error) ?? '')) return undefined;
  throw error;
};
