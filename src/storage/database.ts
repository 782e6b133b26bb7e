import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Kysely } from 'kysely';
import type { CatalogTables } from '../catalog/tables.js';
import type { ProjectionTables } from '../session/tables.js';
import { migrate, type VersionTables } from './migrate.js';
import { createSqliteDialect } from './sqlite.js';

export type Tables = CatalogTables & ProjectionTables & VersionTables;
/** Also what a transaction is: pass that on to whatever has to take part in it. */
export type Database = Kysely<Tables>;

/**
 * Opens `catalog.db` (primary data, every commit on disk) and `projection.db` (made again from history when it is gone)
 * in a data directory, and brings their schemas forward. Close it with `destroy()`.
 */
export async function openDatabase(dataDir: string): Promise<Database> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new Kysely<Tables>({
    dialect: createSqliteDialect({
      catalog: join(dataDir, 'catalog.db'),
      projection: join(dataDir, 'projection.db'),
    }),
  });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/** Opens `projection.db` alone, to read what a server that may be running has written. Undefined when there is none. */
export function openProjectionToRead(dataDir: string): Database | undefined {
  const path = join(dataDir, 'projection.db');
  if (!existsSync(path)) return undefined;
  return new Kysely<Tables>({
    dialect: createSqliteDialect({ catalog: ':memory:', projection: `${pathToFileURL(path).href}?mode=ro` }),
  });
}
