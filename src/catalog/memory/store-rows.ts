import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import type { MemoryStoreRow } from './memory-tables.js';
import { invalid } from '../validate.js';

/** One store's row; `not_found_error` when there is none. */
export async function readStore(db: Database, workspace: string, id: string): Promise<MemoryStoreRow> {
  const row = await db
    .selectFrom('memory_stores')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  return row ?? missing(id);
}

/**
 * The same for who writes, as the first statement of a transaction. It counts the store's revision up: mounts see by that
 * that there is something to fetch, and where transactions run side by side two writers meet here at once, and not when
 * they have done their work.
 */
export async function lockStore(tx: Database, workspace: string, id: string): Promise<MemoryStoreRow> {
  const row = await tx
    .updateTable('memory_stores')
    .set((eb) => ({ revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .returningAll()
    .executeTakeFirst();
  return row ?? missing(id);
}

/** Refuses what cannot be done with an archived store. */
export function checkActive({ id, archived_at }: Pick<MemoryStoreRow, 'id' | 'archived_at'>): void {
  if (archived_at !== null) {
    throw invalid('memory_store_id', `memory store ${id} is archived: nothing can be written to it`);
  }
}

function missing(id: string): never {
  throw new ApiError('not_found_error', `There is no memory store ${id}.`);
}
