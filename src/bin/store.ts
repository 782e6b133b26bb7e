import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { Config } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { readIfThere, readOrWriteOnce } from '../config/write-once.js';
import type { Database } from '../storage/database.js';
import { openDatabase } from '../storage/open.js';
import { claimDatabase, findOwner } from '../storage/owner.js';
import type { DataDirectory } from './data-directory.js';

/**
 * Opens the database of a data directory, wherever it is. Who has the directory's lock has it alone: one that belongs to
 * another directory is refused, and so is a new one where the directory has its rows in another: to a server without rows
 * all files and workspaces are nobody's, and it would remove them. Throws a StartError.
 */
export async function openStore(
  { database }: Pick<Config, 'database'>,
  { id, path }: Pick<DataDirectory, 'id' | 'path'>,
): Promise<Database> {
  const place = checkPlace({ database }, path);
  const db = await openDatabase(database).catch(refuse);
  try {
    const isNew = (await findOwner(db).catch(refuse)) === undefined;
    if (isNew && place !== undefined) throw new StartError(isElsewhere(path, place));
    const owner = await claimDatabase(db, id).catch(refuse);
    if (owner !== id) throw new StartError(belongsTo(owner));
    readOrWriteOnce(join(path, MARK), () => describe(database, path));
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Where a directory has its rows, if it has. Throws a StartError when they cannot be where they are to be looked for. */
export function checkPlace({ database }: Pick<Config, 'database'>, path: string): string | undefined {
  const hasFile = existsSync(join(path, 'catalog.db'));
  const place = readIfThere(join(path, MARK)) ?? (hasFile && database !== path ? 'catalog.db' : undefined);
  if (place !== undefined && database === path && !hasFile) throw new StartError(isElsewhere(path, place));
  return place;
}

/** Says where a directory has its rows, once it has them there. */
const MARK = 'database';

/** For people; without user and password. */
function describe(database: string, path: string): string {
  if (database === path) return 'catalog.db';
  const { host, pathname } = new URL(database);
  return `Postgres, ${host}${pathname}`;
}

function isElsewhere(path: string, place: string): string {
  return (
    `the rows of ${path} are not in this database, which is new, but elsewhere (${place}): set DROVER_DATABASE_URL as it ` +
    'was when they were written, or begin with a new directory (--data)'
  );
}

function refuse(error: unknown): never {
  throw new StartError(`the database cannot be opened: ${reasonOf(error)}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isNativeError(error.cause) ? `${error.message} (${error.cause.message})` : error.message;
}

function belongsTo(owner: string): string {
  return (
    `the database at DROVER_DATABASE_URL belongs to another data directory (${owner}): give this one a database of its ` +
    'own, or use that directory (its file `id` says which it is)'
  );
}
