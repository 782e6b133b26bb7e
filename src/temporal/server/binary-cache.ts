import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a way to fetch the binary is asked. */
export interface Fetch {
  version: string;
  /** The binary's place in the cache. */
  destination: string;
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
  downloadUrl: string | undefined;
}

/**
 * Gives `unpack` an empty directory beside the destination and moves the file it names into place: whole or not at
 * all, so two processes may do it at once.
 */
export async function intoCache(destination: string, unpack: (directory: string) => Promise<string>): Promise<void> {
  const cache = dirname(destination);
  mkdirSync(cache, { recursive: true });
  removeLeftovers(cache);
  const directory = mkdtempSync(join(cache, DRAFT));
  try {
    const file = await unpack(directory);
    chmodSync(file, 0o755);
    renameSync(file, destination);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const DRAFT = 'fetching-';
const HOUR_MS = 3_600_000;

// A fetch that was killed leaves 200 MB; one that is younger than an hour may still be under way.
function removeLeftovers(cache: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (name.startsWith(DRAFT) && age > HOUR_MS) rmSync(path, { recursive: true, force: true });
  }
}
