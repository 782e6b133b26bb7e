import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';

/** The ids of all vault keys that secrets are sealed under. */
export async function keyIdsInUse(db: Database): Promise<string[]> {
  const rows = await db
    .selectFrom('vault_credentials')
    .select('key_id')
    .distinct()
    .where('key_id', 'is not', null)
    .execute();
  return rows.flatMap(({ key_id }) => key_id ?? []);
}

/** Puts every secret under the key of this id, a hundred in one transaction; gives how many there were to do. */
export async function resealAll(
  db: Database,
  keyId: string,
  from: Secrets,
  to: Pick<Secrets, 'seal'>,
): Promise<number> {
  for (let done = 0; ;) {
    const count = await db.transaction().execute((tx) => resealSome(tx, keyId, from, to));
    if (count === 0) return done;
    done += count;
  }
}

const AT_ONCE = 100;

async function resealSome(tx: Database, keyId: string, from: Secrets, to: Pick<Secrets, 'seal'>): Promise<number> {
  const rows = await tx
    .selectFrom('vault_credentials')
    .select(['id', 'key_id', 'secret'])
    .where('key_id', '!=', keyId)
    .limit(AT_ONCE)
    .execute();
  for (const { id, key_id, secret } of rows) {
    if (key_id === null || secret === null) throw new Error(`Of the secret of ${id} only a part is there.`);
    const sealed = to.seal(id, from.open(id, { key_id, secret }));
    await tx.updateTable('vault_credentials').set(sealed).where('id', '=', id).execute();
  }
  return rows.length;
}
