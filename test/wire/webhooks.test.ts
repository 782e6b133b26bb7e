import { rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookEndpoint } from '../../src/catalog/webhooks/endpoint-row.js';
import { DELIVERY } from '../../src/temporal/deliveries.js';
import { removeOldWorkflows } from '../../src/temporal/old-workflows.js';
import { WEBHOOK_QUEUE } from '../../src/temporal/task-queue.js';
import { waitUntil } from '../chaos/chaos-session.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { deadline } from '../support/patience.js';
import { filesBelow, findPlanted } from '../support/planted.js';
import { connectTemporal, temporalPid } from '../support/temporal-process.js';
import { startReceiver, unwrap, type WebhookReceiver } from '../support/webhook-receiver.js';

/** Long enough for a second delivery to come, if there is one. */
const QUIET_MS = 1_500;

let receiver: WebhookReceiver;
let drover: Drover;
beforeAll(async () => {
  receiver = await startReceiver();
  const env = { DROVER_ALLOW_PRIVATE_ADDRESSES: 'true', DROVER_WEBHOOK_RETRY_MS: '40' };
  drover = await startDrover({ env });
});
afterAll(async () => {
  await drover.remove();
  await receiver.stop();
});

type Made = WebhookEndpoint & { signing_secret: string };

async function admin<Body = WebhookEndpoint>(method: string, path: string, body?: object): Promise<Body> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await drover.fetch(`/drover/webhooks${path}`, init);
  if (!response.ok) throw new Error(await response.text());
  // What the route answers with, which the caller says.
  return (await response.json()) as Body;
}

const listen = (path: string, ...enabled_events: string[]) =>
  admin<Made>('POST', '', { url: receiver.url + path, enabled_events });
const makeEnvironment = () => drover.client.beta.environments.create({ name: 'e' });

async function openSession(): Promise<string> {
  const { beta } = drover.client;
  const agent = await beta.agents.create({ name: 'a', model: 'claude-haiku-4-5-20251001' });
  const environment = await makeEnvironment();
  return (await beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
}

async function say(session: string, words = 'hello'): Promise<void> {
  await drover.client.beta.sessions.events.send(session, {
    events: [{ type: 'user.message', content: [{ type: 'text', text: words }] }],
  });
}

test('P10: where there is no endpoint nobody waits for deliveries', async () => {
  await say(await openSession());
  const temporal = await connectTemporal(drover.dataDir);
  const { pollers } = await temporal.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: WEBHOOK_QUEUE },
    taskQueueType: 1,
  });
  expect(pollers).toEqual([]);
  await temporal.connection.close();
});

test('a turn is told of, signed so that the SDK takes it', async () => {
  const { id, signing_secret } = await listen(
    '/turn',
    'session.status_run_started',
    'session.status_idled',
    'agent.created',
  );
  const session = await openSession();
  await say(session);
  const [first, ...rest] = await receiver.until('/turn', 3);
  expect(first?.headers['content-type']).toBe('application/json');
  if (!first) throw new Error('nothing came');
  const events = [first, ...rest].map((one) => unwrap(one, signing_secret));
  expect(events.map((event) => event.data.type).toSorted()).toEqual([
    'agent.created',
    'session.status_idled',
    'session.status_run_started',
  ]);
  const idled = events.find((event) => event.data.type === 'session.status_idled');
  expect(idled).toEqual({
    type: 'event',
    id: expect.stringMatching(/^whe_/),
    created_at: expect.stringMatching(/Z$/),
    data: {
      type: 'session.status_idled',
      id: session,
      organization_id: 'org_default',
      workspace_id: 'wrkspc_default',
    },
  });
  expect(receiver.received.map(({ headers }) => String(headers['webhook-id'])).toSorted()).toEqual(
    events.map((event) => event.id).toSorted(),
  );
  const other = await admin<{ signing_secret: string }>('POST', `/${id}/regenerate_signing_secret`);
  expect(() => unwrap(first, other.signing_secret)).toThrow('signature');
  expect(() => unwrap({ ...first, body: `${first.body} ` }, signing_secret)).toThrow('signature');
  await drover.client.beta.agents.create({ name: 'b', model: 'claude-haiku-4-5-20251001' });
  const last = (await receiver.until('/turn', 4)).at(-1);
  expect(last && unwrap(last, other.signing_secret).data.type).toBe('agent.created');
  await admin('DELETE', `/${id}`);
});

test('changes and the end of a session are told of, and what changes nothing is not', async () => {
  const { id, signing_secret } = await listen(
    '/end',
    'session.updated',
    'session.status_terminated',
    'session.deleted',
  );
  const session = await openSession();
  const { beta } = drover.client;
  await beta.sessions.update(session, { title: 'a title' });
  await beta.sessions.update(session, { title: 'a title' });
  await beta.sessions.archive(session);
  await beta.sessions.delete(session);
  const received = await receiver.until('/end', 3);
  await sleep(QUIET_MS);
  const types = received.map((one) => unwrap(one, signing_secret).data.type).toSorted();
  expect(types).toEqual(['session.deleted', 'session.status_terminated', 'session.updated']);
  expect(await receiver.until('/end', 3)).toHaveLength(3);
  await admin('DELETE', `/${id}`);
});

test('an event that is not taken comes a third time, the same bytes, and then is given up', async () => {
  receiver.answer('/twice', 500, 503);
  receiver.answer('/never', 500, 500, 500);
  const [twice, never] = [await listen('/twice', 'environment.created'), await listen('/never', 'environment.created')];
  await makeEnvironment();
  const attempts = await receiver.until('/twice', 3);
  await receiver.until('/never', 3);
  await sleep(QUIET_MS);
  for (const path of ['/twice', '/never']) expect(await receiver.until(path, 3)).toHaveLength(3);
  expect(new Set(attempts.map(({ body }) => body)).size).toBe(1);
  expect(new Set(attempts.map((one) => unwrap(one, twice.signing_secret).id)).size).toBe(1);
  const [a = 0, b = 0, c = 0] = attempts.map(({ at }) => at);
  // Each delay lies in a stretch of its own, and the machine adds to it.
  expect(b - a).toBeGreaterThanOrEqual(40);
  expect(c - b).toBeGreaterThanOrEqual(40 * Math.sqrt(24) - 1);
  expect(await admin('GET', `/${never.id}`)).toMatchObject({ state: 'enabled', disabled_reason: '' });
  for (const { id } of [twice, never]) await admin('DELETE', `/${id}`);
});

test('a redirect disables the endpoint at once; what happens then is never sent', async () => {
  receiver.answer('/moved', 302);
  const { id } = await listen('/moved', 'environment.created');
  await makeEnvironment();
  await receiver.until('/moved', 1);
  await waitUntil(async () => (await admin('GET', `/${id}`)).state === 'disabled', 'it is disabled');
  expect(await admin('GET', `/${id}`)).toMatchObject({
    disabled_reason: 'The endpoint answered with a redirect (302).',
  });
  await makeEnvironment();
  await admin('POST', `/${id}`, { state: 'enabled' });
  await sleep(QUIET_MS);
  expect(await receiver.until('/moved', 1)).toHaveLength(1);
  expect(receiver.received.filter(({ path }) => path === '/elsewhere')).toEqual([]);
  await makeEnvironment();
  expect(await receiver.until('/moved', 2)).toHaveLength(2);
  await admin('DELETE', `/${id}`);
});

describe('killed in the midst of a turn, of a delivery, and before another', () => {
  const TYPES = ['environment.created', 'session.status_run_started', 'session.status_idled'];
  let killed: Made;
  let held: Made;
  let environment: string;
  let toldBefore: object[];
  beforeAll(async () => {
    killed = await listen('/killed', ...TYPES);
    const session = await openSession();
    await say(session);
    await receiver.until('/killed', 3);
    receiver.answer('/held', () => {});
    held = await listen('/held', 'vault.created');
    await drover.client.beta.vaults.create({ display_name: 'v' });
    await receiver.until('/held', 1);
    await say(session, 'and again');
    const temporal = temporalPid(drover.dataDir);
    if (temporal === undefined) throw new Error('there is no Temporal server');
    // Without Temporal nothing leaves the outbox.
    process.kill(temporal, 'SIGSTOP');
    environment = (await makeEnvironment()).id;
    await sleep(200);
    await drover.kill();
    process.kill(temporal, 'SIGCONT');
    toldBefore = told();
    await drover.start();
  });
  afterAll(async () => {
    for (const { id } of [killed, held]) await admin('DELETE', `/${id}`);
  });

  /** By id: an attempt that the kill has cut off is made again. */
  function told() {
    const received = receiver.received.filter(({ path }) => path === '/killed');
    const events = received.map((one) => unwrap(one, killed.signing_secret));
    return [...new Map(events.map((event) => [event.id, event.data])).values()];
  }

  test('all is delivered after the next start, once', async () => {
    expect(toldBefore).not.toContainEqual(expect.objectContaining({ id: environment }));
    await waitUntil(() => told().length >= 6, 'all is told', 30_000);
    await sleep(QUIET_MS);
    const types = told().map(({ type }) => type);
    expect(types.toSorted()).toEqual([...TYPES, ...TYPES].toSorted());
    expect(told()).toContainEqual(expect.objectContaining({ type: 'environment.created', id: environment }));
  });

  test('the delivery is made again under the same id, and never after it was accepted', async () => {
    const [first, second] = await receiver.until('/held', 2, 40_000);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    // It was accepted when Temporal knows it.
    const temporal = await connectTemporal(drover.dataDir);
    await temporal.workflow.getHandle(`${second?.headers['webhook-id']}/${held.id}`).result();
    await temporal.connection.close();
    await drover.kill();
    await drover.start();
    await sleep(QUIET_MS);
    expect(await receiver.until('/held', 2)).toHaveLength(2);
  });
});

test('a projection that is made anew announces nothing again', async () => {
  const { id } = await listen('/again', 'session.status_run_started', 'session.status_idled');
  const session = await openSession();
  await say(session);
  await receiver.until('/again', 2);
  await drover.stop();
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(drover.dataDir, `projection.db${suffix}`), { force: true });
  await drover.start();
  const list = async () => (await drover.client.beta.sessions.events.list(session)).data.map(({ type }) => type);
  await waitUntil(async () => (await list()).includes('session.status_idle'), 'its log is read again');
  expect((await list()).filter((type) => type === 'session.status_idle')).toHaveLength(1);
  await sleep(QUIET_MS);
  expect(await receiver.until('/again', 2)).toHaveLength(2);
  await say(session);
  await receiver.until('/again', 4);
  await admin('DELETE', `/${id}`);
});

test('histories of deliveries that are over can go; sessions stay', async () => {
  const session = await openSession();
  await drover.client.beta.sessions.archive(session);
  const temporal = await connectTemporal(drover.dataDir);
  const count = async (query: string) => (await temporal.workflow.count(query)).count;
  const deliveries = `WorkflowType = '${DELIVERY}'`;
  expect(await count(deliveries)).toBeGreaterThan(0);
  await removeOldWorkflows(temporal, { type: DELIVERY, before: new Date(0) });
  expect(await count(deliveries)).toBeGreaterThan(0);
  // Temporal does so in its own time, and the last delivery of the test before may only just have ended.
  for (const isOver = deadline(60_000); !isOver() && (await count(deliveries)) > 0; await sleep(500))
    await removeOldWorkflows(temporal, { type: DELIVERY, before: new Date() });
  expect(await count(deliveries)).toBe(0);
  expect(await count(`WorkflowId = '${session}'`)).toBe(1);
  await temporal.connection.close();
});

test('an endpoint that never answers is not in the way of another', async () => {
  const silent: ServerResponse[] = [];
  receiver.answer(
    '/silent',
    ...Array.from({ length: 60 }, () => (response: ServerResponse) => void silent.push(response)),
  );
  const [held, free] = [await listen('/silent', 'environment.created'), await listen('/free', 'agent.created')];
  await Promise.all(Array.from({ length: 60 }, makeEnvironment));
  await receiver.until('/silent', 10);
  await drover.client.beta.agents.create({ name: 'a', model: 'claude-haiku-4-5-20251001' });
  expect(await receiver.until('/free', 1, 5_000)).toHaveLength(1);
  expect(silent).toHaveLength(10);
  for (const { id } of [held, free]) await admin('DELETE', `/${id}`);
  for (const response of silent) response.destroy();
});

test('P4: neither a secret nor the URL that it goes with is in a history of Temporal, a file or a line of the server', async () => {
  const path = '/hook-with-a-token-nXQ4vB7kLm2pR9sT';
  const { id, signing_secret } = await listen(path, 'environment.created');
  await makeEnvironment();
  await receiver.until(path, 1);
  await sleep(200);
  const key = Buffer.from(signing_secret.slice('whsec_'.length), 'base64').toString('latin1');
  const files = filesBelow(drover.dataDir);
  expect(Object.keys(files)).toEqual(expect.arrayContaining(['catalog.db', 'temporal.db']));
  expect(
    findPlanted([signing_secret, signing_secret.slice('whsec_'.length), key], { ...files, log: drover.stderr }),
  ).toEqual([]);
  const histories = Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith('temporal')));
  expect(findPlanted([path], { ...histories, log: drover.stderr })).toEqual([]);
  await admin('DELETE', `/${id}`);
});
