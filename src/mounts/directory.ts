import { chown, mkdir } from 'node:fs/promises';
import { makeReadableDirectory, sandboxOwner } from '../sandbox/place.js';
import type { Mount } from '../sandbox/sandbox.js';

/** Makes a directory of this machine ready to be mounted: readable for a sandbox's user, or that user's own. Idempotent. */
export async function makeMountDirectory(directory: string, access: Mount['access']): Promise<void> {
  const { uid, gid } = sandboxOwner();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await makeReadableDirectory(directory);
  if (access === 'read_write') await chown(directory, uid, gid);
}
