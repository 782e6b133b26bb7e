import { z } from 'zod';
import { mergeMetadata, metadataPatchSchema } from '../metadata.js';
import { type AgeCursor, type AgeQuery, newestFirst, type Page, toPage } from '../page.js';
import { validate } from '../validate.js';
import type { WorkDeps } from './work-deps.js';
import { endLapsedLeases, stopWork } from './work-end.js';
import { createWorkHolding, type WorkHolding } from './work-holding.js';
import {
  type LiveWork,
  metadataOf,
  readWork,
  requireSelfHosted,
  toWork,
  type WorkItem,
  type WorkRef,
} from './work-row.js';
import { readStats, type WorkStats } from './work-stats.js';
import { listIdleSessions, settleWork } from './work-supply.js';

/** The work queues of self-hosted environments (behaviours §10.2). */
export interface Work extends WorkHolding {
  retrieve(ref: WorkRef): Promise<WorkItem>;
  /** Merges metadata by key. */
  update(ref: WorkRef, body: unknown): Promise<WorkItem>;
  /** Newest first, stopped ones too. */
  list(environmentId: string, query: AgeQuery): Promise<Page<WorkItem, AgeCursor>>;
  stats(environmentId: string): Promise<WorkStats>;
  stop(ref: WorkRef, body: unknown): Promise<WorkItem>;
  /** Queues what requests that were cut off, or sessions whose log could not be read, have left owing. */
  settle(of: 'owed' | 'all'): Promise<void>;
}

export function createWork(deps: WorkDeps): Work {
  const { db, now } = deps;
  const live = createLiveWork(deps);
  return {
    ...createWorkHolding(deps, live),
    retrieve: async (ref) => toWork(await live.read(ref)),
    update: (ref, body) => updateWork(deps, ref, body),
    async list(environmentId, query) {
      await live.openQueue(environmentId);
      const items = db.selectFrom('work_items').selectAll().where('environment_id', '=', environmentId);
      const rows = await items.$call(newestFirst(query)).execute();
      return toPage(rows, query.limit, (row) => toWork(row));
    },
    async stats(environmentId) {
      await live.openQueue(environmentId);
      return readStats(db, environmentId, now());
    },
    async stop(ref, body) {
      const { force } = validate(stopSchema, body ?? {});
      const row = await stopWork(db, () => live.read(ref), { force: force ?? false, now: now() });
      if (row.state === 'stopped') await settleWork(deps, row.session_id);
      return toWork(row);
    },
    async settle(of) {
      for (const id of of === 'all' ? await listIdleSessions(deps) : [...deps.owedWork]) await settleWork(deps, id);
    },
  };
}

const stopSchema = z.strictObject({ force: z.boolean().nullable().exactOptional() });
const updateSchema = z.strictObject({ metadata: metadataPatchSchema.exactOptional() });

function createLiveWork(deps: WorkDeps): LiveWork {
  const { db, workspace } = deps;
  const endLapsed = async (environmentId: string) => {
    for (const id of await endLapsedLeases(deps, environmentId)) await settleWork(deps, id);
  };
  return {
    endLapsed,
    async read(ref) {
      await endLapsed(ref.environmentId);
      return readWork(db, workspace, ref);
    },
    async openQueue(environmentId) {
      await requireSelfHosted(deps, environmentId);
      await endLapsed(environmentId);
    },
  };
}

function updateWork({ db, workspace }: WorkDeps, ref: WorkRef, body: unknown): Promise<WorkItem> {
  const code = 'invalid_metadata';
  const { metadata } = validate(updateSchema, body, { metadata: code });
  return db.transaction().execute(async (tx) => {
    const row = await readWork(tx, workspace, ref);
    const merged = JSON.stringify(mergeMetadata(metadataOf(row), metadata, { code }));
    await tx.updateTable('work_items').set({ metadata: merged }).where('id', '=', row.id).execute();
    return toWork({ ...row, metadata: merged });
  });
}
