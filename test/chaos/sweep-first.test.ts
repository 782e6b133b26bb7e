import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { connectClient } from '../../src/temporal/connection.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';
import { TASK_QUEUE } from '../../src/temporal/task-queue.js';
import { createDrover, type Drover } from '../support/drover-process.js';

let drover: Drover;
beforeAll(() => void (drover = createDrover()));
afterAll(() => drover.remove());

/** So many that they do not go between two looks. */
const DRAFTS = 10_000;
const SESSIONS = 300;

/** What a process that died has left of uploads, and of sessions that never came to be. */
function plantRemains(): void {
  const drafts = join(drover.dataDir, 'files', 'drafts');
  mkdirSync(drafts, { recursive: true });
  for (let draft = 0; draft < DRAFTS; draft++) writeFileSync(join(drafts, String(draft)), '');
  for (let session = 0; session < SESSIONS; session++) {
    mkdirSync(join(drover.dataDir, 'mounts', `sesn_${session}`, 'files'), { recursive: true });
  }
}

const remains = (): string[] => [...namesIn('files/drafts'), ...namesIn('mounts')];

function namesIn(name: string): string[] {
  const directory = join(drover.dataDir, name);
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** The Temporal server that is about to be started. */
async function temporalClient(): Promise<Client> {
  for (;;) {
    const process = readRecord(drover.dataDir)?.process;
    if (typeof process === 'object' && process !== null) break;
    await sleep(5);
  }
  return connectClient(`127.0.0.1:${readRecord(drover.dataDir)?.port}`, 'default');
}

async function untilPolled({ workflowService }: Client): Promise<void> {
  for (;;) {
    const taskQueue = { name: TASK_QUEUE };
    const { pollers } = await workflowService.describeTaskQueue({ namespace: 'default', taskQueue, taskQueueType: 1 });
    if (pollers.length > 0) return;
    await sleep(5);
  }
}

test('what a dead process has left is gone before anybody is at work again, who might have begun the like', async () => {
  plantRemains();
  expect(remains()).toHaveLength(DRAFTS + SESSIONS);
  const starting = drover.start();
  const temporal = await temporalClient();
  await untilPolled(temporal);
  expect(remains()).toEqual([]);
  await starting;
  await temporal.connection.close();
});
