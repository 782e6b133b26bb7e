import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../config/start-error.js';
import { parseVaultKey } from '../config/vault-key.js';
import { readOrWriteOnce } from '../config/write-once.js';
import { syncPathSync } from '../durable-files.js';
import { errorCode } from '../error-code.js';
import { toVaultKey, type VaultKey } from './seal.js';

/** `next` is there while a rotation to it is not finished. */
export type KeyFile = 'current' | 'next';

const NAMES = { current: 'vault-key', next: 'vault-key.next' };

/** Undefined when there is none. A file that others could read is refused. */
export function readKeyFile(dataDir: string, which: KeyFile): VaultKey | undefined {
  return exists(pathOf(dataDir, which)) ? makeKeyFile(dataDir, which) : undefined;
}

/** The key in the file; made with mode 0600, and on disk when this returns, if it is not there yet. */
export function makeKeyFile(dataDir: string, which: KeyFile): VaultKey {
  const path = pathOf(dataDir, which);
  const bytes = parseVaultKey(readOrWriteOnce(path, () => randomBytes(32).toString('base64')));
  if (!bytes) throw new StartError(`${path} holds no vault key: 32 bytes in base64 or hex`);
  if ((statSync(path).mode & 0o077) !== 0) throw new StartError(`${path} can be read by others: chmod 600 ${path}`);
  return toVaultKey(bytes);
}

/** The next key takes the current one's place, which is gone then. */
export function promoteKeyFile(dataDir: string): void {
  renameSync(pathOf(dataDir, 'next'), pathOf(dataDir, 'current'));
  syncPathSync(dataDir);
}

/** For when all secrets are under a key that is kept elsewhere. */
export function removeKeyFiles(dataDir: string): void {
  for (const name of Object.values(NAMES)) rmSync(join(dataDir, name), { force: true });
  syncPathSync(dataDir);
}

function pathOf(dataDir: string, which: KeyFile): string {
  return join(dataDir, NAMES[which]);
}

function exists(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
