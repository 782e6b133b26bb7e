import type { Actor } from '../memory/actor.js';
import { insertStore, storeSettings } from '../memory/memory-stores.js';
import { addMemory } from '../memory/memory-write.js';
import { checkActive, readStore } from '../memory/store-rows.js';
import { selectMemories } from '../memory/memory-rows.js';
import type { DreamRow } from './dream-tables.js';
import { inputStoreOf } from './dream-row.js';
import type { DreamsDeps } from './dreams.js';

/** A copy of the store that a dream reads, for it to write into; there once, whatever the attempt. Gives its id. */
export function cloneStore(deps: DreamsDeps, dream: DreamRow): Promise<string> {
  const { db, clock, workspace } = deps;
  return db.transaction().execute(async (tx) => {
    const input = await readStore(tx, workspace, inputStoreOf(dream));
    checkActive(input);
    const settings = storeSettings(input);
    // The longest name is cut, to stay one.
    const store = await insertStore(
      { ...deps, db: tx },
      { ...settings, name: `${settings.name} (dream)`.slice(0, 255) },
    );
    const actor: Actor = { type: 'session_actor', session_id: dream.session_id };
    for (const { path, content } of await selectMemories(tx, input.id, 'full').execute()) {
      if (content) await addMemory({ tx, clock, store, actor }, path, content);
    }
    await tx.updateTable('dreams').set({ output_store_id: store.id }).where('id', '=', dream.id).execute();
    return store.id;
  });
}
