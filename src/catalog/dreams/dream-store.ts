import type { Actor } from '../memory/actor.js';
import { insertStore, storeSettings } from '../memory/memory-stores.js';
import { copyMemories } from '../memory/memory-write.js';
import { checkActive, readStore } from '../memory/store-rows.js';
import { selectMemories } from '../memory/memory-rows.js';
import { noteAs } from './dream-note.js';
import type { DreamRow } from './dream-tables.js';
import { inputStoreOf } from './dream-row.js';
import type { DreamsDeps } from './dream-deps.js';

/**
 * The store that a dream is to write into: the one that it reads, or a copy of that, which is made once, whatever the
 * attempt. Throws when what it reads is not there any more, or is archived.
 */
export async function obtainStore(deps: DreamsDeps, dream: DreamRow): Promise<string> {
  const { db, workspace } = deps;
  const input = inputStoreOf(dream);
  if (dream.output_store_id === null) return cloneStore(deps, dream, input);
  if (dream.output_store_id === input) checkActive(await readStore(db, workspace, input));
  return dream.output_store_id;
}

function cloneStore(deps: DreamsDeps, dream: DreamRow, inputId: string): Promise<string> {
  const { db, clock, workspace } = deps;
  return db.transaction().execute(async (tx) => {
    const input = await readStore(tx, workspace, inputId);
    checkActive(input);
    const settings = storeSettings(input);
    // The longest name is cut, to stay one.
    const name = `${settings.name} (dream)`.slice(0, 255).toWellFormed();
    const store = await insertStore({ ...deps, db: tx }, { ...settings, name });
    const actor: Actor = { type: 'session_actor', session_id: dream.session_id };
    const rows = await selectMemories(tx, input.id, 'basic').execute();
    await copyMemories({ tx, clock, store, actor }, rows);
    await noteAs(dream.id, 'output_store_id')(tx, store.id);
    return store.id;
  });
}
