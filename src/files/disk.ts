import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ApiError } from '../api-error.js';
import { syncPath } from '../durable-files.js';
import { errorCode } from '../error-code.js';
import type { Draft, FileContents } from './contents.js';
import { isHash, plainHash } from './hash.js';

/** What files leave of a disk: for the log of what runs already, and for what gives space back. */
const SPARE_BYTES = 32 * 1024 * 1024;

/**
 * Contents as files `<directory>/<two digits>/<sha256>`; drafts are beside them, under names of their own. None is taken in
 * that would leave less than `spare` bytes of the disk.
 */
export function createDiskContents(directory: string, spare = SPARE_BYTES): FileContents {
  const drafts = join(directory, DRAFTS);
  const pathOf = (hash: string): string => join(directory, hash.slice(0, 2), plainHash(hash));
  return {
    async receive(bytes) {
      await mkdir(drafts, { recursive: true, mode: 0o700 });
      const path = join(drafts, randomUUID());
      const discard = (): Promise<void> => rm(path, { force: true });
      const { hash, size } = await write(path, leave(spare, drafts, bytes)).catch(async (error: unknown) => {
        await discard();
        throw explainFullDisk(error);
      });
      return { hash, size, read: () => readFrom(path), keep: () => move(path, pathOf(hash)), discard } satisfies Draft;
    },

    read: async (hash) => readFrom(pathOf(hash)),

    remove: (hash) => rm(pathOf(hash), { force: true }),

    async sweep(findWanted) {
      await rm(drafts, { recursive: true, force: true });
      for (const shard of await namesIn(directory)) {
        const hashes = (await namesIn(join(directory, shard))).filter(isHash);
        const wanted = await findWanted(hashes);
        for (const hash of hashes) if (!wanted.has(hash)) await rm(pathOf(hash), { force: true });
      }
    },
  };
}

const DRAFTS = 'drafts';

/** The same bytes, as long as there is space for them. */
async function* leave(spare: number, directory: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = 0;
  for await (const chunk of bytes) {
    left -= chunk.byteLength;
    if (left < 0) {
      const { bavail, bsize } = await statfs(directory);
      if (bavail * bsize - chunk.byteLength < spare) throw diskIsFull();
      left = LOOK_EVERY_BYTES;
    }
    yield chunk;
  }
}

const LOOK_EVERY_BYTES = 1024 * 1024;

async function write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<Pick<Draft, 'hash' | 'size'>> {
  const digest = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) {
      digest.update(chunk);
      size += chunk.byteLength;
      // Unlike `write` it goes on until all of the chunk is written.
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { hash: digest.digest('hex'), size };
}

async function readFrom(path: string): Promise<Readable> {
  const file = await open(path, 'r');
  return file.createReadStream();
}

/** Over the same bytes, where they are there already. */
async function move(from: string, to: string): Promise<void> {
  const shard = dirname(to);
  await mkdir(shard, { recursive: true, mode: 0o700 });
  await rename(from, to);
  await syncPath(shard);
  await syncPath(dirname(shard));
}

const ABSENT = new Set<string | undefined>(['ENOENT', 'ENOTDIR']);
const FULL = new Set<string | undefined>(['ENOSPC', 'EDQUOT']);

/** None where there is no directory. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (ABSENT.has(errorCode(error))) return [];
    throw error;
  }
}

function explainFullDisk(error: unknown): unknown {
  return FULL.has(errorCode(error)) ? diskIsFull() : error;
}

function diskIsFull(): ApiError {
  return new ApiError('unavailable_error', 'The disk of the data directory is full. Nothing was stored.', {
    retryAfter: 5,
  });
}
