import { StartError } from '../config/start-error.js';
import { makeKeyFile, promoteKeyFile, readKeyFile, removeKeyFiles } from './key-file.js';
import { seal, type Sealed, toVaultKey, type VaultKey } from './seal.js';
import type { KeySources } from './secrets.js';

/** A change of the vault key. The old key stays where it is until `finish`, so it may be broken off anywhere and begun again. */
export interface Rotation {
  /** Secrets that bear another key's id are still to be done. */
  keyId: string;
  seal(owner: string, text: string): Sealed;
  /** To be called when all secrets are under the new key. */
  finish(): void;
}

/**
 * To `vaultNextKey`; without one, from a key file to the configured key, or to a new key file. A new file is on disk
 * before anything is sealed under it, and one that an earlier rotation left is taken up.
 */
export function beginRotation({ dataDir, vaultKey, vaultNextKey }: KeySources): Rotation {
  const given = vaultNextKey ?? vaultKey;
  if (given === undefined) {
    return rotateTo(makeKeyFile(dataDir, 'next'), () => promoteKeyFile(dataDir));
  }
  const key = toVaultKey(given);
  const hasFile = readKeyFile(dataDir, 'current') !== undefined || readKeyFile(dataDir, 'next') !== undefined;
  const isOld = vaultKey !== undefined && toVaultKey(vaultKey).id === key.id;
  if (isOld && !hasFile) {
    throw new StartError('DROVER_VAULT_KEY is the key already: give the new one in DROVER_VAULT_NEXT_KEY');
  }
  return rotateTo(key, () => removeKeyFiles(dataDir));
}

function rotateTo(key: VaultKey, finish: () => void): Rotation {
  return { keyId: key.id, seal: (owner, text) => seal(key, owner, text), finish };
}
