import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openDatabase } from '../../src/storage/open.js';

/** The store that this run of a test file is about: jest runs the same files once for each (jest.config.js). */
export const STORE: 'sqlite' | 'postgres' = 'POSTGRES_BIN' in globalThis ? 'postgres' : 'sqlite';

/** A new place for `openDatabase`: this directory, or a database of the run's Postgres server, with its tables unless told. */
export async function newDatabase(dir: string, { migrated = true } = {}): Promise<string> {
  if (STORE === 'sqlite') return dir;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(async (server) => {
    if (migrated) await ensureTemplate(server);
    await server.query(`create database ${name}${migrated ? ` template ${TEMPLATE}` : ''}`);
  });
  return urlOf(name);
}

/** Takes away what `newDatabase` made, directories aside. Whoever is connected is not any more. */
export async function dropDatabase(place: string): Promise<void> {
  if (!place.startsWith('postgres:')) return;
  await onServer((server) => server.query(`drop database ${new URL(place).pathname.slice(1)} with (force)`));
}

/** The directory with the files that a database is made of, all that was committed in them. */
export async function directoryOf(place: string): Promise<string> {
  if (STORE === 'sqlite') return place;
  return onServer(async (server) => {
    await server.query('checkpoint');
    const name = new URL(place).pathname.slice(1);
    const { rows } = await server.query<{ path: string }>(
      `select current_setting('data_directory') || '/base/' || oid as path from pg_database where datname = $1`,
      [name],
    );
    return rows[0]?.path ?? '';
  });
}

const TEMPLATE = 'drover_template';
const LOCK = 1;

/** Migrated once: to copy a database is much quicker. */
async function ensureTemplate(server: Client): Promise<void> {
  await server.query(`select pg_advisory_lock(${LOCK})`);
  const { rowCount } = await server.query('select from pg_database where datname = $1', [TEMPLATE]);
  if (rowCount === 0) {
    await server.query(`create database ${TEMPLATE}`);
    const db = await openDatabase(urlOf(TEMPLATE));
    await db.destroy();
  }
  await server.query(`select pg_advisory_unlock(${LOCK})`);
}

async function onServer<Result>(act: (server: Client) => Promise<Result>): Promise<Result> {
  const server = new Client(urlOf('postgres'));
  await server.connect();
  try {
    return await act(server);
  } finally {
    await server.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(process.env['DROVER_TEST_POSTGRES'] ?? '');
  url.pathname = `/${database}`;
  return url.href;
}
