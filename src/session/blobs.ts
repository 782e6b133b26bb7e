import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncPath } from '../durable-files.js';

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
      await replaceFile(path(sessionId, key), bytes);
      await syncPath(directory);
      return key;
    },
    get: (sessionId, key) => readFile(path(sessionId, key)),
    removeAll: (sessionId) => rm(path(sessionId), { recursive: true, force: true }),
  };
}

/** Keys come out of stored data: none may lead out of the directory. */
function plain(name: string): string {
  if (/[^\w.-]|^\.*$/.test(name)) throw new Error(`Not a blob's name: ${JSON.stringify(name)}`);
  return name;
}
