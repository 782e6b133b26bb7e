import type { NoteMade } from '../noun.js';

/** What is made for a dream is known to it from the beginning, or else is not made: so its end finds all of it. */
export function noteAs(dream: string, column: 'agent_id' | 'environment_id' | 'output_store_id'): NoteMade {
  return async (tx, made) => {
    const note = tx
      .updateTable('dreams')
      .set({ [column]: made })
      .where('id', '=', dream);
    const { numUpdatedRows } = await note.where(column, 'is', null).where('at_work', '=', 1).executeTakeFirst();
    if (numUpdatedRows === 0n) throw new Error(`Dream ${dream} is over, or another attempt begins it.`);
  };
}
