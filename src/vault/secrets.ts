import { makeKeyFile, readKeyFile } from './key-file.js';
import { seal, type Sealed, toVaultKey, unseal, type VaultKey } from './seal.js';

/** Seals and opens secrets, each for the one row that owns it. */
export interface Secrets {
  seal(owner: string, text: string): Sealed;
  /** Throws when it was tampered with, belongs to another owner, or is under a key that is not known. */
  open(owner: string, sealed: Sealed): string;
  /** Whether what is under this key can be opened. */
  knows(keyId: string): boolean;
}

export interface KeySources {
  dataDir: string;
  /** The configured key; without one there is a key file in the data directory. */
  vaultKey: Uint8Array | undefined;
  /** The key of a rotation that is not finished. */
  vaultNextKey: Uint8Array | undefined;
}

/** Seals under the configured key, else under the key file's, which is made at first use. Opens under each key there is. */
export function openSecrets({ dataDir, vaultKey, vaultNextKey }: KeySources): Secrets {
  const configured = vaultKey && toVaultKey(vaultKey);
  let current = configured ?? readKeyFile(dataDir, 'current');
  const others = [
    vaultNextKey && toVaultKey(vaultNextKey),
    configured && readKeyFile(dataDir, 'current'),
    readKeyFile(dataDir, 'next'),
  ];
  const find = (id: string): VaultKey | undefined => [current, ...others].find((key) => key?.id === id);
  return {
    seal: (owner, text) => seal((current ??= makeKeyFile(dataDir, 'current')), owner, text),
    open: (owner, sealed) => {
      const key = find(sealed.key_id);
      if (!key) throw new Error(`The secret of ${owner} is under vault key ${sealed.key_id}, which is not known.`);
      return unseal(key, owner, sealed);
    },
    knows: (keyId) => find(keyId) !== undefined,
  };
}
