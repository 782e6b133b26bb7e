import type { SchemaModule } from 'kysely';
import type { Database } from './database.js';
import * as catalog001 from './migrations/catalog-001.js';
import * as catalog002 from './migrations/catalog-002-vaults.js';
import * as catalog003 from './migrations/catalog-003-profiles.js';
import * as catalog004 from './migrations/catalog-004-files.js';
import * as catalog005 from './migrations/catalog-005-keys.js';
import * as catalog006 from './migrations/catalog-006-deployments.js';
import * as projection001 from './migrations/projection-001.js';

/** Brings both schemas forward, one transaction a step. A schema newer than this program is refused. */
export async function migrate(db: Database): Promise<void> {
  await bringForward(db, 'schema_version', CATALOG);
  await bringForward(db, 'projection.schema_version', PROJECTION);
}

interface Migration {
  up(schema: SchemaModule, db: Database): Promise<void>;
}

/** Forward only: a step that has been released is never changed. */
const CATALOG: readonly Migration[] = [catalog001, catalog002, catalog003, catalog004, catalog005, catalog006];
const PROJECTION: readonly Migration[] = [projection001];

/** How far each schema has come. */
export interface VersionTables {
  schema_version: { version: number };
  'projection.schema_version': { version: number };
}

type VersionTable = keyof VersionTables;

async function bringForward(db: Database, table: VersionTable, steps: readonly Migration[]): Promise<void> {
  await db.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('version', 'integer', (c) => c.primaryKey())
    .execute();
  const version = await readVersion(db, table);
  if (version > steps.length) {
    throw new Error(
      `The data directory was written by a newer Drover (${table} ${version}, this one knows ${steps.length}).`,
    );
  }
  for (const [index, step] of steps.entries()) {
    if (index >= version) await apply(db, table, step, index + 1);
  }
}

async function readVersion(db: Database, table: VersionTable): Promise<number> {
  const row = await db
    .selectFrom(table)
    .select((eb) => eb.fn.max('version').as('version'))
    .executeTakeFirst();
  return row?.version ?? 0;
}

async function apply(db: Database, table: VersionTable, step: Migration, version: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await step.up(tx.schema, tx);
    await tx.insertInto(table).values({ version }).execute();
  });
}
