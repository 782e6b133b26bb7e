import type { Schedules } from '../../schedule/schedules.js';
import type { Database } from '../../storage/database.js';
import { createTurns } from '../files/turns.js';
import { forEachOf } from './for-each.js';
import type { DeploymentRow } from './deployment-tables.js';
import { timingOf } from './deployment-row.js';
import { settingsOf } from './deployment-settings.js';

/** Keeps the Schedules at Temporal to what the rows of all workspaces say. */
export interface ScheduleSync {
  /** Brings these up to date; what cannot be done now is done by `catchUp`. */
  attempt(ids: readonly string[]): Promise<void>;
  /** Brings up to date what changed and could not be brought up to date then. */
  catchUp(): Promise<void>;
  /**
   * Compares all there is: makes Schedules that are missing, takes over those that name no store if a deployment has their
   * id, and removes those of this store that no deployment has.
   */
  reconcile(): Promise<void>;
}

export interface ScheduleSyncDeps {
  db: Database;
  schedules: Schedules;
}

export function createScheduleSync({ db, schedules }: ScheduleSyncDeps): ScheduleSync {
  const turns = createTurns();
  /** What the row says when its turn comes: of two at once the later one is not overtaken. */
  const sync = (id: string) => turns.take(id, () => follow(db, schedules, id));
  const syncAll = (ids: readonly string[]) => forEachOf(ids, sync);
  return {
    async attempt(ids) {
      // The rows say that it is still to be done.
      await syncAll(ids).catch(() => {});
    },
    async catchUp() {
      const rows = await db.selectFrom('deployments').select('id').where('unsynced', '=', 1).execute();
      await syncAll(rows.map(({ id }) => id));
    },
    async reconcile() {
      const there = await schedules.list();
      const wanted = await selectScheduled(db).execute();
      const outdated = wanted.filter(({ id, schedule_revision }) => there.get(id)?.revision !== schedule_revision);
      const known = new Set(wanted.map(({ id }) => id));
      const strays = [...there].filter(([id]) => !known.has(id));
      const ours = strays.filter(([, { isOurs }]) => isOurs).map(([id]) => id);
      const unnamed = strays.filter(([, { isOurs }]) => !isOurs).map(([id]) => id);
      await syncAll([...outdated.map(({ id }) => id), ...ours, ...(await withRows(db, unnamed))]);
    },
  };
}

async function follow(db: Database, schedules: Schedules, id: string): Promise<void> {
  const row = await db.selectFrom('deployments').selectAll().where('id', '=', id).executeTakeFirst();
  const timing = row && row.archived_at === null ? timingOf(row) : undefined;
  if (row && timing) await schedules.ensure(toSchedule(row, timing));
  else await schedules.remove(id);
  if (!row) return;
  await db
    .updateTable('deployments')
    .set({ unsynced: 0 })
    .where('id', '=', id)
    // It may have changed meanwhile.
    .where('schedule_revision', '=', row.schedule_revision)
    .execute();
}

function toSchedule(row: DeploymentRow, { cron, expression, timezone }: NonNullable<ReturnType<typeof timingOf>>) {
  return {
    id: row.id,
    name: settingsOf(row).name,
    text: `${expression} in ${timezone}`,
    cron,
    timeZone: timezone,
    paused: row.paused_reason !== null,
    revision: row.schedule_revision,
  };
}

/** Those that are a deployment's of this store, archived or not. */
async function withRows(db: Database, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('deployments').select('id').where('id', 'in', ids).execute();
  return rows.map(({ id }) => id);
}

function selectScheduled(db: Database) {
  return db
    .selectFrom('deployments')
    .select(['id', 'schedule_revision'])
    .where('schedule', 'is not', null)
    .where('archived_at', 'is', null);
}
