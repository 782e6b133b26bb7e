import { type SchemaModule, sql } from 'kysely';
import type { Database } from './database.js';
import * as catalog001 from './migrations/catalog-001.js';
import * as catalog002 from './migrations/catalog-002-vaults.js';
import * as catalog003 from './migrations/catalog-003-profiles.js';
import * as catalog004 from './migrations/catalog-004-files.js';
import * as catalog005 from './migrations/catalog-005-keys.js';
import * as catalog006 from './migrations/catalog-006-deployments.js';
import * as catalog007 from './migrations/catalog-007-memory.js';
import * as catalog008 from './migrations/catalog-008-webhooks.js';
import * as catalog009 from './migrations/catalog-009-skills.js';
import * as catalog010 from './migrations/catalog-010-resources.js';
import * as catalog011 from './migrations/catalog-011-owner.js';
import * as catalog012 from './migrations/catalog-012-work.js';
import * as catalog013 from './migrations/catalog-013-dreams.js';
import * as catalog014 from './migrations/catalog-014-unfinished.js';
import * as catalog015 from './migrations/catalog-015-work-tokens.js';
import * as catalog016 from './migrations/catalog-016-workspaces.js';
import * as catalog017 from './migrations/catalog-017-expiry.js';
import * as catalog018 from './migrations/catalog-018-self-hosted.js';
import * as catalog019 from './migrations/catalog-019-memory-authors.js';
import * as projection001 from './migrations/projection-001.js';
import { createPortableTypes } from './portable-types.js';
import type { VersionTables } from './tables.js';

/**
 * Brings both schemas forward, all or nothing; of several programs that start at once one does it, and the others wait.
 * A schema newer than this program is refused.
 */
export async function migrate(db: Database, kind: 'sqlite' | 'postgres'): Promise<void> {
  // What was committed before the lock was given has to be seen after it.
  const transaction = db.transaction().setIsolationLevel('read committed');
  await transaction.execute(async (tx) => {
    const target = kind === 'postgres' ? await preparePostgres(tx) : tx;
    await bringForward(target, 'schema_version', CATALOG);
    await bringForward(target, 'projection.schema_version', PROJECTION);
  });
}

interface Migration {
  up(schema: SchemaModule, db: Database): Promise<void>;
}

/** Forward only: a step that has been released is never changed. */
const CATALOG: readonly Migration[] = [
  catalog001,
  catalog002,
  catalog003,
  catalog004,
  catalog005,
  catalog006,
  catalog007,
  catalog008,
  catalog009,
  catalog010,
  catalog011,
  catalog012,
  catalog013,
  catalog014,
  catalog015,
  catalog016,
  catalog017,
  catalog018,
  catalog019,
];
const PROJECTION: readonly Migration[] = [projection001];

type VersionTable = keyof VersionTables;

/** Any number that no other program takes for the same. */
const LOCK = 7_236_178_912;

async function preparePostgres(tx: Database): Promise<Database> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx);
  await sql`create schema if not exists projection`.execute(tx);
  return tx.withPlugin(createPortableTypes());
}

async function bringForward(db: Database, table: VersionTable, steps: readonly Migration[]): Promise<void> {
  await db.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('version', 'integer', (c) => c.primaryKey())
    .execute();
  const version = await readVersion(db, table);
  if (version > steps.length) {
    throw new Error(
      `The database was written by a newer Drover (${table} ${version}, this one knows ${steps.length}).`,
    );
  }
  for (const [index, step] of steps.entries()) {
    if (index < version) continue;
    await step.up(db.schema, db);
    await db
      .insertInto(table)
      .values({ version: index + 1 })
      .execute();
  }
}

async function readVersion(db: Database, table: VersionTable): Promise<number> {
  const row = await db
    .selectFrom(table)
    .select((eb) => eb.fn.max('version').as('version'))
    .executeTakeFirst();
  return row?.version ?? 0;
}
