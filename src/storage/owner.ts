import type { Database } from './database.js';

const THE_ONE = 1;

/** The id of the data directory that a database belongs to; undefined while it belongs to none. */
export async function findOwner(db: Database): Promise<string | undefined> {
  const row = await db.selectFrom('database_owner').select('data_directory').executeTakeFirst();
  return row?.data_directory;
}

/** Takes a database for a data directory, for good; gives the id of the one it belongs to. */
export async function claimDatabase(db: Database, directoryId: string): Promise<string> {
  // Of two that come at once one is passed over.
  await db
    .insertInto('database_owner')
    .values({ position: THE_ONE, data_directory: directoryId })
    .onConflict((conflict) => conflict.column('position').doNothing())
    .execute();
  const { data_directory } = await db.selectFrom('database_owner').select('data_directory').executeTakeFirstOrThrow();
  return data_directory;
}
