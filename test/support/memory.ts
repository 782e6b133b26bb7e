import { createRisingClock } from '../../src/catalog/clock.js';
import { addMemory } from '../../src/catalog/memory/memory-write.js';
import { lockStore } from '../../src/catalog/memory/store-rows.js';
import { DEFAULT_WORKSPACE } from '../../src/catalog/workspace.js';
import type { Database } from '../../src/storage/database.js';

/** Many memories at once, written in one transaction: a request each would sync the disk as often. */
export async function fillStore(db: Database, storeId: string, paths: readonly string[]): Promise<void> {
  const clock = createRisingClock();
  const actor = { type: 'api_actor', api_key_id: 'apikey_test' } as const;
  await db.transaction().execute(async (tx) => {
    const store = await lockStore(tx, DEFAULT_WORKSPACE, storeId);
    for (const path of paths) await addMemory({ tx, clock, store, actor }, path, Buffer.from(`in ${path}`));
  });
}
