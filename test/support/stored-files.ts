import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below a directory, drafts too; none when it is not there. */
export async function storedFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
