import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWebhookEndpoints } from '../../src/catalog/webhooks/endpoints.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { createDispatcher, type Dispatcher } from '../../src/webhooks/dispatcher.js';
import { dropDatabase, newDatabase } from '../support/database.js';
import { patience } from '../support/patience.js';

let dir: string;
let place: string;
let db: Database;
let endpoint_id: string;
let dispatcher: Dispatcher;
/** The events that were handed over. */
let started: string[];
/** Those that cannot be. */
let refused: Set<string>;
let errors: unknown[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-dispatcher-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
  const endpoints = createWebhookEndpoints({
    db,
    clock: Date.now,
    now: Date.now,
    secrets: openSecrets({ dataDir: dir, vaultKey: undefined, vaultNextKey: undefined }),
    courier: { endpointsChanged: async () => {}, outboxFilled() {} },
    owner: null,
    types: ['external_key.failed'],
    allowPrivate: false,
  });
  const endpoint = await endpoints.create({ url: 'https://example.com/', enabled_events: ['external_key.failed'] });
  endpoint_id = endpoint.id;
  started = [];
  refused = new Set();
  errors = [];
  dispatcher = createDispatcher({
    db,
    start: async ({ event_id }) => {
      if (refused.has(event_id)) throw new Error('no Temporal');
      started.push(event_id);
    },
    onError: (error) => void errors.push(error),
  });
});
afterEach(async () => {
  await dispatcher.close();
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

async function put(event_id: string, at = started.length): Promise<void> {
  const row = { event_id, endpoint_id, workspace: 'wrkspc_default', created_at: at, body: '{}' };
  await db.insertInto('webhook_outbox').values(row).execute();
}

/** How long until so many were handed over. */
async function until(count: number): Promise<number> {
  const begin = performance.now();
  while (started.length < count && performance.now() - begin < 10_000) await sleep(5);
  expect(started).toHaveLength(count);
  return performance.now() - begin;
}

test('what comes while it waits to look again is handed over at once', async () => {
  await put('whe_1');
  dispatcher.nudge();
  await until(1);
  // Now it would look again in two seconds.
  await sleep(600);
  await put('whe_2');
  dispatcher.nudge();
  expect(await until(2)).toBeLessThan(patience(1_000));
  expect(await db.selectFrom('webhook_outbox').selectAll().execute()).toEqual([]);
});

test('what is committed after the nudge is found', async () => {
  dispatcher.nudge();
  await sleep(60);
  await put('whe_1');
  expect(await until(1)).toBeLessThan(patience(2_000));
});

test('one that cannot be handed over is tried again, and is not in the way of the others', async () => {
  refused.add('whe_1');
  await put('whe_1', 1);
  for (let n = 2; n <= 5; n++) await put(`whe_${n}`, n);
  dispatcher.nudge();
  await until(4);
  refused.clear();
  await until(5);
  expect(started.toSorted()).toEqual(['whe_1', 'whe_2', 'whe_3', 'whe_4', 'whe_5']);
  expect(errors.length).toBeGreaterThan(0);
});
