import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createScheduleSync } from '../../src/catalog/deployments/schedule-sync.js';
import { FIRE_WORKFLOW } from '../../src/schedule/fire.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { connectClient } from '../../src/temporal/connection.js';
import { createSchedules } from '../../src/temporal/schedules.js';
import { obtainTemporal } from '../../src/temporal/server/binary.js';
import { startTemporal } from '../../src/temporal/server/embedded.js';
import type { TemporalServer } from '../../src/temporal/server/embedded-server.js';

let dataDir: string;
let server: TemporalServer;
let client: Client;
const stores: Record<'first' | 'second', Database> = Object.create(null);
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-owners-'));
  const { path } = await obtainTemporal({ log: console.error });
  server = await startTemporal({ binary: path, dataDir, log: () => {} });
  client = await connectClient(server.address, 'default');
  for (const name of ['first', 'second'] as const) stores[name] = await openDatabase(join(dataDir, name));
}, 300_000);
afterAll(async () => {
  for (const db of Object.values(stores)) await db.destroy();
  await client.connection.close();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

type Name = keyof typeof stores;

function syncOf(name: Name) {
  return createScheduleSync({ db: stores[name], schedules: createSchedules(client, name) });
}

/** A deployment's row, by itself. */
async function insert(name: Name, id: string, archived_at: number | null = null): Promise<void> {
  const schedule = { type: 'cron', expression: '0 9 * * *', timezone: 'UTC' };
  await stores[name]
    .insertInto('deployments')
    .values({
      id,
      workspace: 'wrkspc_default',
      agent_id: 'agent_1',
      agent_version: 1,
      settings: JSON.stringify({ name: id }),
      key_id: null,
      secret: null,
      schedule: JSON.stringify(schedule),
      paused_reason: null,
      schedule_revision: 1,
      unsynced: 0,
      last_run_at: null,
      created_at: 1,
      updated_at: 1,
      archived_at,
    })
    .execute();
}

/** As releases made them whose Schedules named no store. */
async function createUnnamed(scheduleId: string): Promise<void> {
  const note = `Revision 1, time zones of ${process.versions['tz']}`;
  const action = { type: 'startWorkflow' as const, workflowType: FIRE_WORKFLOW, taskQueue: 'nobody' };
  await client.schedule.create({ scheduleId, spec: {}, action, state: { paused: true, note } });
}

async function notes(): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for await (const { scheduleId, state } of client.schedule.list()) found[scheduleId] = state.note;
  return found;
}

/** What can be listed lags a moment behind. */
async function untilListed(ids: string[]): Promise<Record<string, string | undefined>> {
  for (let tries = 0; tries < 100; tries += 1) {
    const there = await notes();
    if (JSON.stringify(Object.keys(there).toSorted()) === JSON.stringify(ids.toSorted())) return there;
    await sleep(100);
  }
  expect(Object.keys(await notes()).toSorted()).toEqual(ids.toSorted());
  return {};
}

test('of two stores on one namespace each keeps to its own Schedules, and takes over those that an older release made', async () => {
  await insert('first', 'depl_first');
  await insert('second', 'depl_second');
  await syncOf('first').reconcile();
  await syncOf('second').reconcile();
  await untilListed(['depl_first', 'depl_second']);
  // One without a deployment, and three of an older release: with a deployment, with an archived one, with none here.
  await insert('first', 'depl_lost');
  await syncOf('first').attempt(['depl_lost']);
  await stores.first.deleteFrom('deployments').where('id', '=', 'depl_lost').execute();
  await insert('first', 'depl_old');
  await insert('first', 'depl_archived', 2);
  const older = ['depl_old', 'depl_archived', 'depl_elsewhere'];
  for (const id of older) await createUnnamed(id);
  const all = ['depl_first', 'depl_second', 'depl_lost', ...older];
  const before = await untilListed(all);

  await syncOf('second').reconcile();
  expect(await untilListed(all)).toEqual(before);

  await syncOf('first').reconcile();
  const after = await untilListed(['depl_first', 'depl_second', 'depl_old', 'depl_elsewhere']);
  expect(after).toMatchObject({
    depl_first: expect.stringMatching(/^Revision 1 of store first,/),
    depl_second: expect.stringMatching(/^Revision 1 of store second,/),
    depl_elsewhere: before['depl_elsewhere'],
  });
  const { state } = await client.schedule.getHandle('depl_old').describe();
  expect(state).toMatchObject({ paused: false, note: expect.stringMatching(/^Revision 1 of store first,/) });
});
