import { keyIdsInUse, resealAll } from '../catalog/vaults/reseal.js';
import { type Config, type Flags, readConfig } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import type { Database } from '../storage/database.js';
import { beginRotation } from '../vault/rotation.js';
import { openSecrets, type Secrets } from '../vault/secrets.js';
import { openDataDirectory } from './data-directory.js';
import { openStore } from './store.js';

/** What opens and seals secrets; throws a StartError when some in the database are under a key that is not there. */
export async function openVault(config: Config, db: Database): Promise<Secrets> {
  const secrets = openSecrets(config);
  const missing = (await keyIdsInUse(db)).filter((id) => !secrets.knows(id));
  if (missing.length === 0) return secrets;
  throw new StartError(
    `secrets in ${config.dataDir} are sealed under vault key ${missing.join(', ')}, which is not here: ` +
      'set DROVER_VAULT_KEY to it, or put its key file (vault-key) back',
  );
}

/** Puts all secrets under a new key. No server may run on the directory. Broken off, it goes on when it is called again. */
export async function rotateVault(env: NodeJS.ProcessEnv, flags: Flags, print: (line: string) => void): Promise<void> {
  const config = readConfig(env, flags);
  const directory = openDataDirectory(config.dataDir);
  try {
    const db = await openStore(config, directory);
    try {
      await rotate(config, db, print);
    } finally {
      await db.destroy();
    }
  } finally {
    directory.close();
  }
}

async function rotate(config: Config, db: Database, print: (line: string) => void): Promise<void> {
  await openVault(config, db);
  const rotation = beginRotation(config);
  // Opened again: a key file that the rotation has made is known now.
  const count = await resealAll(db, rotation.keyId, openSecrets(config), rotation);
  rotation.finish();
  print(`${count} secrets are now under vault key ${rotation.keyId}`);
  if (config.vaultNextKey) print('start the server with DROVER_VAULT_KEY set to the new key');
}
