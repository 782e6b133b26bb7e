import type { Config } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { type Database, openDatabase } from '../storage/database.js';
import { claimDatabase } from '../storage/owner.js';
import type { DataDirectory } from './data-directory.js';

/**
 * Opens the database of a data directory, wherever it is. Who has the directory's lock has it alone: one that belongs to
 * another directory is refused. Throws a StartError.
 */
export async function openStore({ database }: Config, { id }: Pick<DataDirectory, 'id'>): Promise<Database> {
  const db = await openDatabase(database).catch(refuse);
  try {
    const owner = await claimDatabase(db, id).catch(refuse);
    if (owner !== id) throw new StartError(belongsTo(owner));
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

function refuse(error: unknown): never {
  throw new StartError(`the database cannot be opened: ${reasonOf(error)}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

function belongsTo(owner: string): string {
  return (
    `the database at DROVER_DATABASE_URL belongs to another data directory (${owner}): give this one a database of its ` +
    'own, or use that directory (its file `id` says which it is)'
  );
}
