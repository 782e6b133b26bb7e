import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import { checkActive, lockStore } from '../memory/store-rows.js';
import { type AgeCursor, type ArchivableQuery, cutPage, newestLiveFirst, type Page } from '../page.js';
import { readSession } from '../sessions/session-store.js';
import type { DreamsDeps } from './dream-deps.js';
import type { DreamRow } from './dream-tables.js';
import { invalid, validate } from '../validate.js';
import {
  type Dream,
  type DreamSettings,
  type DreamStatus,
  inputSessionsOf,
  inputStoreOf,
  readDream,
  toDream,
} from './dream-row.js';
import { type DreamCreate, dreamCreateSchema } from './dream-schema.js';
import { createDreamSteps, type DreamSteps } from './dream-steps.js';

/** Jobs that read a memory store and sessions, and write a store that is better ordered. Each runs as a session. */
export interface Dreams {
  /** `conflict_error` while another dream writes into the store that this one is to write into. */
  create(body: unknown): Promise<Dream>;
  retrieve(id: string): Promise<Dream>;
  /** Newest first. */
  list(query: DreamQuery): Promise<Page<Dream, AgeCursor>>;
  /** Refused before its end. Idempotent. */
  archive(id: string): Promise<Dream>;
  /** Refused after another end. Idempotent. */
  cancel(id: string): Promise<Dream>;
  /** What carries a dream out. */
  steps: DreamSteps;
}

export interface DreamQuery extends ArchivableQuery {
  statuses?: DreamStatus[];
  created_at?: { gt?: number; lt?: number };
}

export function createDreams(deps: DreamsDeps): Dreams {
  const { db, workspace, clock, log } = deps;
  const steps = createDreamSteps(deps);
  const retrieve = async (id: string) => toDream(await readDream(db, workspace, id), log);
  return {
    async create(body) {
      const settings = toSettings(validate(dreamCreateSchema, body));
      const row = await insertDream(deps, settings);
      try {
        await deps.startDream({ workspace, dream_id: row.id });
      } catch (error) {
        // Should it have begun all the same, it finds nothing to do.
        await db.deleteFrom('dreams').where('id', '=', row.id).where('status', '=', 'pending').execute();
        throw error;
      }
      return toDream(row, log);
    },

    retrieve,

    async list({ statuses, created_at: { gt, lt } = {}, ...query }) {
      let rows = db.selectFrom('dreams').selectAll().where('workspace', '=', workspace);
      if (statuses) rows = rows.where('status', 'in', statuses);
      if (gt !== undefined) rows = rows.where('created_at', '>', gt);
      if (lt !== undefined) rows = rows.where('created_at', '<', lt);
      const found = await rows.$call(newestLiveFirst(query)).execute();
      const { data, next } = cutPage(found, query.limit, ({ created_at, id }) => ({ created_at, id }));
      return { data: await Promise.all(data.map((row) => toDream(row, log))), next };
    },

    async archive(id) {
      const row = await readDream(db, workspace, id);
      if (row.ended_at === null) throw invalid('dream_id', `dream ${id} is ${row.status}; cancel it first`);
      const rows = db.updateTable('dreams').set({ archived_at: clock() });
      await rows.where('id', '=', id).where('archived_at', 'is', null).execute();
      return retrieve(id);
    },

    async cancel(id) {
      const row = await readDream(db, workspace, id);
      if (row.status === 'completed' || row.status === 'failed') {
        throw invalid('dream_id', `dream ${id} has ${row.status} already`);
      }
      await db
        .updateTable('dreams')
        .set({ status: 'canceled', ended_at: clock() })
        .where('id', '=', id)
        .where('status', 'in', ['pending', 'running'])
        .execute();
      // Its workflow sees to the rest within seconds, also when this is cut off.
      await steps.stop(id);
      return retrieve(id);
    },

    steps,
  };
}

function toSettings({ inputs, model, instructions = null, output_behavior }: DreamCreate): DreamSettings {
  const [stores, sessions] = (['memory_store', 'sessions'] as const).map((type) =>
    inputs.filter((input) => input.type === type),
  );
  if (stores?.length !== 1 || sessions?.length !== 1) {
    throw invalid('inputs', 'must be one memory_store and one sessions entry');
  }
  return {
    inputs: inputs.map((input) =>
      input.type === 'sessions' ? { ...input, session_ids: input.session_ids.toSorted() } : input,
    ),
    model: { id: typeof model === 'string' ? model : model.id, speed: 'standard' },
    instructions,
    output_behavior: output_behavior ?? { type: 'create_new' },
  };
}

function insertDream({ db, workspace, clock }: DreamsDeps, settings: DreamSettings): Promise<DreamRow> {
  const { output_behavior } = settings;
  const stored = { settings: JSON.stringify(settings) };
  const input = inputStoreOf(stored);
  const target = output_behavior.type === 'update_existing' ? output_behavior.memory_store_id : null;
  if (target !== null && target !== input) {
    throw invalid('output_behavior.memory_store_id', 'must be the memory store of inputs');
  }
  return db.transaction().execute(async (tx) => {
    checkActive(await lockStore(tx, workspace, input));
    for (const id of inputSessionsOf(stored)) await readSession(tx, workspace, id);
    if (target !== null) await checkFree(tx, target);
    const row: DreamRow = {
      id: newId('drm'),
      workspace,
      status: 'pending',
      ...stored,
      output_store_id: target,
      session_id: newId('sesn'),
      agent_id: null,
      environment_id: null,
      started_at: null,
      ended_at: null,
      at_work: 1,
      error: null,
      usage: null,
      created_at: clock(),
      archived_at: null,
    };
    await tx.insertInto('dreams').values(row).execute();
    return row;
  });
}

async function checkFree(tx: DreamsDeps['db'], storeId: string): Promise<void> {
  const rows = await tx
    .selectFrom('dreams')
    .select(['id', 'settings'])
    .where('output_store_id', '=', storeId)
    .where('at_work', '=', 1)
    .execute();
  const holder = rows.find(({ settings }) => JSON.parse(settings).output_behavior.type === 'update_existing');
  if (holder) throw new ApiError('conflict_error', `Dream ${holder.id} still writes into memory store ${storeId}.`);
}
