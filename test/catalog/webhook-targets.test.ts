import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { keyIdsInUse, resealAll } from '../../src/catalog/vaults/reseal.js';
import { createWebhookEndpoints, type WebhookEndpoints } from '../../src/catalog/webhooks/endpoints.js';
import { createTargets } from '../../src/catalog/webhooks/targets.js';
import { createOutbound } from '../../src/net/outbound.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { createAttempt } from '../../src/webhooks/attempt.js';
import { createPost } from '../../src/webhooks/post.js';
import type { Targets } from '../../src/webhooks/webhooks.js';
import { dropDatabase, newDatabase } from '../support/database.js';
import { startReceiver } from '../support/webhook-receiver.js';

const HOUR = 3_600_000;

let dir: string;
let place: string;
let db: Database;
let endpoints: WebhookEndpoints;
let targets: Targets;
let id: string;
let signing_secret: string;
let now = Date.now();

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-targets-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
  const secrets = openSecrets({ dataDir: dir, vaultKey: undefined, vaultNextKey: undefined });
  endpoints = createWebhookEndpoints({
    db,
    clock: () => now,
    now: () => now,
    secrets,
    courier: { endpointsChanged: async () => {}, outboxFilled() {} },
    owner: null,
    types: ['external_key.failed'],
    allowPrivate: false,
  });
  ({ id, signing_secret } = await endpoints.create({
    url: 'https://example.com/',
    enabled_events: ['external_key.failed'],
  }));
  targets = createTargets({ db, secrets, now: () => now });
});
afterEach(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

const row = () => db.selectFrom('webhook_endpoints').selectAll().executeTakeFirstOrThrow();

async function fail(times: number): Promise<void> {
  for (let count = 0; count < times; count++) await targets.failed(id);
}

test('an endpoint is found with its secret while it is enabled', async () => {
  expect(await targets.find(id)).toEqual({ url: 'https://example.com/', secret: signing_secret });
  await targets.disable(id, 'A reason.');
  expect(await targets.find(id)).toBeUndefined();
  expect(await targets.find('whep_none')).toBeUndefined();
  expect(await row()).toMatchObject({ state: 'disabled', disabled_reason: 'A reason.' });
});

test('twenty events that failed over a day disable it', async () => {
  await fail(19);
  now += 24 * HOUR;
  expect(await row()).toMatchObject({ state: 'enabled', failures: 19 });
  await fail(1);
  expect(await row()).toMatchObject({
    state: 'disabled',
    disabled_reason: 'No event could be delivered for 24 hours.',
  });
});

test('many failures within less than a day do not', async () => {
  await fail(30);
  now += 23 * HOUR;
  await fail(30);
  expect(await row()).toMatchObject({ state: 'enabled', failures: 60 });
});

test('a success in between begins the count anew', async () => {
  await fail(19);
  await targets.succeeded(id);
  expect(await row()).toMatchObject({ failures: 0, failing_since: null });
  now += 24 * HOUR;
  await fail(19);
  expect(await row()).toMatchObject({ state: 'enabled', failures: 19 });
});

test('one whose secret cannot be opened is disabled and says so; a new secret mends it', async () => {
  await db
    .updateTable('webhook_endpoints')
    .set({ secret: Buffer.alloc(100, 1) })
    .execute();
  const attempt = createAttempt({
    targets,
    post: () => Promise.reject(new Error('sent')),
    onError() {},
  });
  const deliver = () =>
    attempt({ endpoint_id: id, event_id: 'whe_1', body: '{}' }, { isLast: false, stop: AbortSignal.timeout(HOUR) });
  await expect(deliver()).rejects.toThrow(`The secret of ${id} cannot be opened`);
  expect(await endpoints.retrieve(id)).toMatchObject({
    state: 'disabled',
    disabled_reason: expect.stringMatching(/^The signing secret cannot be opened/),
  });
  // So Temporal's next attempt is the last.
  expect(await deliver()).toEqual({ is_over: true, outcome: 'the endpoint takes no deliveries' });
  const renewed = await endpoints.regenerateSigningSecret(id);
  await endpoints.update(id, { state: 'enabled' });
  expect(await targets.find(id)).toEqual({ url: 'https://example.com/', secret: renewed.signing_secret });
});

test('P4: a new vault key takes its secret over', async () => {
  const before = await row();
  const newKey = Buffer.alloc(32, 7);
  const from = openSecrets({ dataDir: dir, vaultKey: undefined, vaultNextKey: newKey });
  const to = openSecrets({ dataDir: mkdtempSync(join(dir, 'new-')), vaultKey: newKey, vaultNextKey: undefined });
  const { key_id } = to.seal('any', 'any');
  expect(await keyIdsInUse(db)).toEqual([before.key_id]);
  expect(await resealAll(db, key_id, from, to)).toBe(1);
  expect(await keyIdsInUse(db)).toEqual([key_id]);
  expect((await row()).secret).not.toEqual(before.secret);
  expect(await createTargets({ db, secrets: to, now: () => now }).find(id)).toMatchObject({ secret: signing_secret });
});

test('what was accepted is not sent again because that could not be noted', async () => {
  const receiver = await startReceiver();
  const errors: unknown[] = [];
  const outbound = createOutbound({ allowPrivate: true });
  const attempt = createAttempt({ targets, post: createPost(outbound), onError: (error) => void errors.push(error) });
  await db
    .updateTable('webhook_endpoints')
    .set({ url: `${receiver.url}/a` })
    .execute();
  receiver.answer('/a', (response) => {
    void sql`alter table webhook_endpoints rename to away`.execute(db).then(() => response.writeHead(204).end());
  });
  const delivery = { endpoint_id: id, event_id: 'whe_1', body: '{}' };
  const stop = new AbortController().signal;
  const attempted = await attempt(delivery, { isLast: false, stop });
  await receiver.stop();
  expect(attempted).toEqual({ is_over: true, outcome: 'accepted with 204' });
  expect([errors, receiver.received].map(({ length }) => length)).toEqual([1, 1]);
});

test('what is deleted meanwhile is no trouble', async () => {
  await db.deleteFrom('webhook_endpoints').execute();
  await targets.failed(id);
  await targets.succeeded(id);
  await targets.disable(id, 'A reason.');
  expect(await db.selectFrom('webhook_endpoints').selectAll().execute()).toEqual([]);
});
