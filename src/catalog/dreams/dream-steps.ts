import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import { isBusy } from '../sessions/session-deps.js';
import { beginDream, toFault } from './dream-begin.js';
import { failDream, letGo, settleDream } from './dream-end.js';
import { readDream } from './dream-row.js';
import { ignoreMissing, stateOf } from './dream-session.js';
import type { DreamsDeps } from './dream-deps.js';

export type DreamProgress = 'running' | 'over';

/** Each is idempotent, and completes what an attempt that was cut off has begun. */
export interface DreamSteps {
  /** Makes the session that dreams. */
  begin(id: string): Promise<DreamProgress>;
  look(id: string): Promise<DreamProgress>;
  /** Interrupts the session of a dream that was cancelled; whether there is nothing left to interrupt. */
  stop(id: string): Promise<boolean>;
  /** Settles how it ended, once its session rests. Throws until then. */
  end(id: string, how: { timedOut: boolean }): Promise<void>;
}

export function createDreamSteps(deps: DreamsDeps): DreamSteps {
  const { db, workspace } = deps;
  const find = (id: string) => readDream(db, workspace, id).catch(ignoreMissing);
  const stop = async (id: string): Promise<boolean> => {
    const row = await find(id);
    const state = row && (await stateOf(deps, row));
    if (!row || !state || !isBusy(state)) return true;
    await deps.sessions.send(row.session_id, [{ type: 'user.interrupt', id: newId('sevt') }]).catch(ignoreRefusal);
    return false;
  };
  return {
    async begin(id) {
      const row = await find(id);
      if (!row || row.ended_at !== null) return 'over';
      if (row.started_at !== null) return 'running';
      try {
        await beginDream(deps, row);
        return 'running';
      } catch (error) {
        const fault = toFault(error);
        if (!fault) throw error;
        await failDream(deps, id, fault);
        return 'over';
      }
    },

    async look(id) {
      const row = await find(id);
      if (row?.status !== 'running') return 'over';
      const state = await stateOf(deps, row);
      if (!state || state.status === 'terminated') return 'over';
      return state.status === 'idle' && state.thread_idled ? 'over' : 'running';
    },

    stop,

    async end(id, { timedOut }) {
      const row = await find(id);
      if (!row || row.at_work === 0) return;
      if (!(await stop(id))) throw new Error(`The session of dream ${id} does not rest yet.`);
      // Whoever sees that it is completed finds all that it wrote.
      if (row.started_at !== null) await deps.mounts.collect(row.session_id);
      if (row.ended_at === null) await settleDream(deps, row, timedOut);
      await letGo(deps, await readDream(db, workspace, id));
    },
  };
}

/** It came to rest meanwhile. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ApiError) || error.type !== 'invalid_request_error') throw error;
}
