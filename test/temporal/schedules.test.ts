import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { type Cron, parseCron } from '../../src/schedule/cron.js';
import { isOccurrence, occurrences } from '../../src/schedule/occurrences.js';
import { connectClient } from '../../src/temporal/connection.js';
import { createSchedules } from '../../src/temporal/schedules.js';
import { obtainTemporal } from '../../src/temporal/server/binary.js';
import { startTemporal } from '../../src/temporal/server/embedded.js';
import type { TemporalServer } from '../../src/temporal/server/embedded-server.js';

let dataDir: string;
let server: TemporalServer;
let client: Client;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-schedules-'));
  const { path } = await obtainTemporal({ log: console.error });
  server = await startTemporal({ binary: path, dataDir, log: () => {} });
  client = await connectClient(server.address, 'default');
}, 300_000);
afterAll(async () => {
  await client.connection.close();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

let made = 0;
function scheduleOf(expression: string, timeZone: string) {
  made += 1;
  return {
    id: `depl_${made}`,
    name: 'a',
    text: expression,
    cron: cronOf(expression),
    timeZone,
    paused: true,
    revision: 1,
  };
}

function cronOf(expression: string): Cron {
  const cron = parseCron(expression);
  if (typeof cron === 'string') throw new Error(cron);
  return cron;
}

/** The instants at which Temporal would act between two times. */
async function firings(scheduleId: string, from: number, to: number): Promise<number[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: 'default',
    scheduleId,
    startTime: msToTs(from),
    endTime: msToTs(to),
  });
  return startTime.map((time) => tsToMs(time));
}

const DAY = 86_400_000;

describe('Temporal fires exactly at the occurrences that are announced', () => {
  test.each([
    // Clocks go back at 2:00 on 7 November 2027, and forward at 2:00 on 14 March 2027.
    ['30 1 * * *', 'America/New_York', '2027-11-05', 4],
    ['*/20 1 * * *', 'America/New_York', '2027-11-05', 4],
    ['30 2 * * *', 'America/New_York', '2027-03-12', 5],
    ['0 */3 * * *', 'America/New_York', '2027-03-12', 5],
    ['15 1,2,3 * * *', 'Europe/Berlin', '2027-03-26', 4],
    ['15 1,2,3 * * *', 'Europe/Berlin', '2027-10-29', 4],
    ['* 0-4 * * *', 'Europe/London', '2027-10-30', 2],
    ['0 * * * *', 'Europe/Paris', '2027-10-29', 4],
    ['0,30 * * * *', 'Africa/Cairo', '2027-10-27', 4],
    // Half an hour of summer time.
    ['*/15 1,2 * * *', 'Australia/Lord_Howe', '2027-04-02', 4],
    ['*/15 1,2 * * *', 'Australia/Lord_Howe', '2026-10-02', 4],
    ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-01', 4],
    // At midnight.
    ['0,30 0,23 * * *', 'Asia/Beirut', '2027-03-26', 4],
    ['0,30 0,23 * * *', 'Asia/Beirut', '2027-10-29', 4],
    ['0,30 0 * * *', 'America/Havana', '2027-03-12', 4],
    // A date or a weekday: either.
    ['0 9 13 * 5', 'UTC', '2026-11-01', 70],
    ['0 9 13 * mon-fri', 'Asia/Kolkata', '2026-11-01', 40],
    ['0 0 * * 7', 'Pacific/Chatham', '2026-11-01', 40],
    ['0 0 * * 0,3', 'Etc/GMT+5', '2026-11-01', 40],
    ['0 12 29 2 *', 'Africa/Casablanca', '2026-11-01', 7000],
    ['*/10 1-3 * * *', 'Africa/Casablanca', '2027-02-05', 45],
    ['5-59/20 22-23 1,31 jan,DEC *', 'Pacific/Kiritimati', '2026-11-01', 400],
  ])('%s in %s from %s on', async (expression, timeZone, day, days) => {
    const from = Date.parse(`${day}T00:00:00Z`);
    const to = from + days * DAY;
    const schedule = scheduleOf(expression, timeZone);
    await createSchedules(client, 'a-store').ensure(schedule);
    const announced = occurrences(schedule.cron, timeZone, from, 1000).filter((instant) => instant <= to);
    expect(announced.length).toBeGreaterThan(2);
    const fired = await firings(schedule.id, from, to);
    // What Temporal has in addition is a time that the clocks do not show then: such a fire is not carried out.
    const counted = fired.filter((at) => isOccurrence(schedule.cron, timeZone, at));
    expect(toTexts(counted)).toEqual(toTexts(announced));
    expect(fired.length).toBeLessThanOrEqual(announced.length * 2 + 10);
  });
});

function toTexts(instants: number[]): string[] {
  return instants.map((instant) => new Date(instant).toISOString());
}
