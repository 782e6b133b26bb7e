import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sweepContents } from '../../src/catalog/files/kept.js';
import { createDiskContents } from '../../src/files/disk.js';
import type { TestServer } from './app.js';

/** Every file below a directory, drafts too; none when it is not there. */
export async function storedFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** What the next process would do at its start. */
export async function sweepFiles({ db, filesDir }: Pick<TestServer, 'db' | 'filesDir'>): Promise<void> {
  await sweepContents({ db, contents: createDiskContents(filesDir) });
}
