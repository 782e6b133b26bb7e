import { chown, mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { batches } from '../batches.js';
import { syncPath } from '../durable-files.js';
import { makeReadableDirectory, sandboxOwner } from '../sandbox/place.js';
import type { Mount } from '../sandbox/sandbox.js';

/** Makes a directory of this machine ready to be mounted: readable for a sandbox's user, or that user's own. Idempotent. */
export async function makeMountDirectory(directory: string, access: Mount['access']): Promise<void> {
  const { uid, gid } = sandboxOwner();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await makeReadableDirectory(directory);
  if (access === 'read_write') await chown(directory, uid, gid);
}

/** Gives a directory its name once all that is in it is on disk: what bears the name is whole, also after a power failure. */
export async function putInPlace(draft: string, target: string): Promise<void> {
  const entries = await readdir(draft, { recursive: true, withFileTypes: true });
  const paths = [...entries.map(({ parentPath, name }) => join(parentPath, name)), draft];
  for (const some of batches(paths, AT_ONCE)) await Promise.all(some.map(syncPath));
  await rename(draft, target);
  const above = dirname(target);
  for (const directory of [above, dirname(above)]) await syncPath(directory);
}

/** The disk takes what waits for it together. */
const AT_ONCE = 16;
