import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createCleanUp } from '../../src/bin/clean-up.js';
import { openWebhooks } from '../../src/bin/webhooks.js';
import type { Courier } from '../../src/catalog/webhooks/courier.js';
import { createWebhookEndpoints } from '../../src/catalog/webhooks/endpoints.js';
import { readConfig } from '../../src/config/config.js';
import { createOutbound } from '../../src/net/outbound.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { openSecrets } from '../../src/vault/secrets.js';

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';
const TYPES = ['external_key.failed'] as const;

const outbound = createOutbound({ allowPrivate: false });
const lines: string[] = [];
const log = (line: string): void => void lines.push(line);
const cleanUp = createCleanUp((error) => log(String(error)));
let db: Database;
afterEach(() => cleanUp.run());

async function open() {
  const dir = mkdtempSync(join(tmpdir(), 'drover-at-work-'));
  cleanUp.add(() => rmSync(dir, { recursive: true }));
  db = await openDatabase(dir);
  cleanUp.add(() => db.destroy());
  // Without its retries: nothing here is to wait for Temporal.
  const client = new Client({ connection: Connection.lazy({ address: NOWHERE, interceptors: [] }) });
  cleanUp.add(() => client.connection.close());
  const secrets = openSecrets({ dataDir: dir, vaultKey: undefined, vaultNextKey: undefined });
  const webhooks = openWebhooks(readConfig({}), { db, client, address: NOWHERE, secrets, outbound, log });
  await webhooks.start(cleanUp);
  const endpointsTo = (courier: Courier) =>
    createWebhookEndpoints({
      db,
      secrets,
      courier,
      clock: Date.now,
      now: Date.now,
      owner: null,
      types: TYPES,
      allowPrivate: false,
    });
  return { courier: webhooks.courier, endpointsTo };
}

async function until(line: RegExp, count: number): Promise<void> {
  for (let tries = 0; lines.filter((one) => line.test(one)).length < count; tries++) {
    if (tries > 500) throw new Error(`not ${count} times ${line}: ${lines.join('\n')}`);
    await sleep(20);
  }
}

test('an endpoint that is made while rows cannot be read is at work soon after they can be', async () => {
  const { courier, endpointsTo } = await open();
  const endpoints = endpointsTo({
    ...courier,
    async endpointsChanged() {
      await db.schema.alterTable('webhook_endpoints').renameTo('away').execute();
      await courier.endpointsChanged();
    },
  });
  await endpoints.create({ url: 'https://example.com/', enabled_events: TYPES });
  await until(/no such table: webhook_endpoints/, 2);
  await db.schema.alterTable('away').renameTo('webhook_endpoints').execute();
  // What delivers has begun, and does not find Temporal.
  await until(/TransportError/, 1);
  const failed = lines.filter((line) => line.includes('no such table')).length;
  await sleep(1_200);
  expect(lines.filter((line) => line.includes('no such table'))).toHaveLength(failed);
});
