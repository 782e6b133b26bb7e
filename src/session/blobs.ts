import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Large bodies that history refers to by content hash, kept by session so that deleting one leaves nothing. */
export interface Blobs {
  /** On disk when it resolves. The same bytes twice are one blob. */
  put(sessionId: string, bytes: Uint8Array): Promise<string>;
  get(sessionId: string, key: string): Promise<Uint8Array>;
  removeAll(sessionId: string): Promise<void>;
}

/** Blobs as files `<directory>/<session>/<sha256>`. */
export function createFileBlobs(directory: string): Blobs {
  const path = (sessionId: string, ...key: string[]): string => join(directory, ...[sessionId, ...key].map(plain));
  return {
    async put(sessionId, bytes) {
      const key = createHash('sha256').update(bytes).digest('hex');
      await mkdir(path(sessionId), { recursive: true, mode: 0o700 });
      const temporary = path(sessionId, `${key}.${randomUUID()}`);
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path(sessionId, key));
      await syncDirectory(path(sessionId));
      return key;
    },
    get: (sessionId, key) => readFile(path(sessionId, key)),
    removeAll: (sessionId) => rm(path(sessionId), { recursive: true, force: true }),
  };
}

/** A file's name is on disk only once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Keys come out of stored data: none may lead out of the directory. */
function plain(name: string): string {
  if (/[^\w.-]|^\.*$/.test(name)) throw new Error(`Not a blob's name: ${JSON.stringify(name)}`);
  return name;
}
