import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';

/** Where there are secrets, each sealed for the id of its row. */
export const SECRET_TABLES = ['vault_credentials', 'webhook_endpoints', 'session_resources', 'deployments'] as const;
type Table = (typeof SECRET_TABLES)[number];

/** The ids of all vault keys that secrets are sealed under. */
export async function keyIdsInUse(db: Database): Promise<string[]> {
  const found = new Set<string>();
  for (const table of SECRET_TABLES) {
    const rows = await db.selectFrom(table).select('key_id').distinct().where('key_id', 'is not', null).execute();
    for (const { key_id } of rows) if (key_id !== null) found.add(key_id);
  }
  return [...found];
}

/** Puts every secret under the key of this id, a hundred in one transaction; gives how many there were to do. */
export async function resealAll(
  db: Database,
  keyId: string,
  from: Secrets,
  to: Pick<Secrets, 'seal'>,
): Promise<number> {
  let done = 0;
  for (const table of SECRET_TABLES) {
    for (let count = 1; count > 0; done += count) {
      count = await db.transaction().execute((tx) => resealSome(tx, table, keyId, { from, to }));
    }
  }
  return done;
}

const AT_ONCE = 100;

interface Resealing {
  from: Secrets;
  to: Pick<Secrets, 'seal'>;
}

async function resealSome(tx: Database, table: Table, keyId: string, { from, to }: Resealing): Promise<number> {
  const rows = await tx
    .selectFrom(table)
    .select(['id', 'key_id', 'secret'])
    .where('key_id', '!=', keyId)
    .limit(AT_ONCE)
    .execute();
  for (const { id, key_id, secret } of rows) {
    if (id === null || key_id === null || secret === null)
      throw new Error(`Of the secret of ${id} only a part is there.`);
    const sealed = to.seal(id, from.open(id, { key_id, secret }));
    await tx.updateTable(table).set(sealed).where('id', '=', id).execute();
  }
  return rows.length;
}
