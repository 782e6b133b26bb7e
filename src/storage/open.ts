import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Dialect, Kysely, sql } from 'kysely';
import type { Database, Tables } from './database.js';
import { migrate } from './migrate.js';
import type { PostgresOptions } from './postgres.js';
import { serializeTransactions } from './serializable.js';
import { createSqliteDialect } from './sqlite.js';

/**
 * Opens the database at a Postgres URL, or in a data directory: there `catalog.db` (primary data, every commit on disk)
 * and `projection.db` (made again from history when it is gone), on Postgres the schemas `public` and `projection`. Brings
 * both forward. Transactions happen one after the other, or as if they did. Close it with `destroy()`.
 */
export async function openDatabase(place: string): Promise<Database> {
  return isPostgresUrl(place) ? openPostgres(place) : openDirectory(place);
}

/** Opens the projection alone, to read what a server that may be running has written. Undefined when there is none. */
export async function openProjectionToRead(place: string): Promise<Database | undefined> {
  if (isPostgresUrl(place)) return openPostgresProjection(place);
  const path = join(place, 'projection.db');
  if (!existsSync(path)) return undefined;
  return open(createSqliteDialect({ catalog: ':memory:', projection: `${pathToFileURL(path).href}?mode=ro` }));
}

function isPostgresUrl(place: string): boolean {
  return /^postgres(ql)?:\/\//.test(place);
}

async function openDirectory(dataDir: string): Promise<Database> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = open(
    createSqliteDialect({ catalog: join(dataDir, 'catalog.db'), projection: join(dataDir, 'projection.db') }),
  );
  try {
    await migrate(db, 'sqlite');
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

async function openPostgres(url: string): Promise<Database> {
  // Another program may be at it, and large tables take their time.
  const patient = await connect(url, { answerMs: 0 });
  try {
    await migrate(patient, 'postgres');
  } finally {
    await patient.destroy();
  }
  return serializeTransactions(await connect(url));
}

/** The driver is loaded where it is used. */
async function connect(url: string, options: PostgresOptions = {}): Promise<Database> {
  const { createPostgresDialect } = await import('./postgres.js');
  return open(createPostgresDialect(url, options));
}

async function openPostgresProjection(url: string): Promise<Database | undefined> {
  const db = serializeTransactions(await connect(url));
  const { rows } = await sql<{ there: boolean }>`select to_regclass('projection.log') is not null as there`.execute(db);
  if (rows[0]?.there === true) return db;
  await db.destroy();
  return undefined;
}

function open(dialect: Dialect): Database {
  return new Kysely<Tables>({ dialect });
}
