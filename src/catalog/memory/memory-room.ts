import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { invalid } from '../validate.js';
import { directoriesOf, rangeBelow } from './memory-path.js';
import type { MemoryStoreRow } from './memory-tables.js';

/** A store, in the transaction that is to write into it. */
interface Room {
  tx: Database;
  store: MemoryStoreRow;
}

const MAX_MEMORIES = 2_000;

/** Refuses a path that is another memory's, or lies above or below one; `self` is the memory that is to have it. */
export async function checkPath({ tx, store }: Room, path: string, self = ''): Promise<void> {
  const [from, to] = rangeBelow(path);
  const above = [path, ...directoriesOf(path)];
  const rival = await tx
    .selectFrom('memories')
    .select(['id', 'path'])
    .where('memory_store_id', '=', store.id)
    .where('id', '!=', self)
    .where((eb) => eb.or([eb('path', 'in', above), eb.and([eb('path', '>=', from), eb('path', '<', to)])]))
    .orderBy('path')
    .limit(1)
    .executeTakeFirst();
  if (!rival) return;
  const how = rival.path === path ? 'has this path' : `overlaps with it, at ${rival.path}`;
  throw new ApiError('memory_path_conflict_error', `path: memory ${rival.id} ${how}`, {
    fields: { conflicting_path: rival.path, conflicting_memory_id: rival.id },
  });
}

/** Refuses one more memory than a store may have. */
export async function checkRoom({ tx, store }: Room): Promise<void> {
  const { count } = await tx
    .selectFrom('memories')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('memory_store_id', '=', store.id)
    .executeTakeFirstOrThrow();
  if (count < MAX_MEMORIES) return;
  throw invalid('memory_store_id', `memory store ${store.id} has ${MAX_MEMORIES} memories already`);
}
