import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { connectClient } from '../../src/temporal/connection.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { awaitRuns, fireAgain, presentMinute } from '../support/fire.js';

let drover: Drover;
beforeAll(async () => {
  // Sessions are taken over without waiting for it.
  const patience = { DROVER_HEARTBEAT_TIMEOUT_MS: '20000' };
  drover = await startDrover({ env: { DROVER_DEPLOYMENT_JITTER: 'false', ...patience } });
}, 300_000);
afterAll(() => drover.remove());

async function create(expression: string, text = 'go') {
  const { beta } = drover.client;
  const agent = await beta.agents.create({ name: 'a', model: 'scripted' });
  const environment = await beta.environments.create({ name: 'e' });
  return beta.deployments.create({
    name: 'd',
    agent: agent.id,
    environment_id: environment.id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
    schedule: { type: 'cron', expression, timezone: 'UTC' },
  });
}

function connect(): Promise<Client> {
  return connectClient(`127.0.0.1:${readRecord(drover.dataDir)?.port}`, 'default');
}

/** Ids of workflows that are a session's. */
async function sessionWorkflows(temporal: Client): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { workflowId } of temporal.workflow.list({ query: 'WorkflowType = "session"' }))
    found.add(workflowId);
  return found;
}

/** Who said something, in order. A server that has just started may not have read all of it yet. */
async function listMessages(session: string): Promise<string[]> {
  const { data } = await drover.client.beta.sessions.events.list(session);
  return data.map(({ type }) => type).filter((type) => type === 'user.message' || type === 'agent.message');
}

// From before the fire is taken up to after its session has begun.
test.each([5, 40, 80, 130])(
  'killed %i ms after a schedule fired: there is one run in the end, with one session that does its work once',
  async (afterMs) => {
    const { expression, scheduled_at } = await presentMinute();
    const deployment = await create(expression);
    const temporal = await connect();
    await fireAgain(temporal, deployment, scheduled_at);
    await sleep(afterMs);
    await drover.kill();
    await drover.start();
    const { beta } = drover.client;
    const runs = await awaitRuns(drover.client, deployment.id);
    const [id = ''] = runs.map(({ session_id }) => session_id ?? '');
    expect(runs).toMatchObject([{ error: null, session_id: expect.stringMatching(/^sesn_/) }]);
    const said = () => listMessages(id);
    while (!(await said()).includes('agent.message')) await sleep(100);
    while ((await beta.sessions.retrieve(id)).status !== 'idle') await sleep(100);
    const { data: sessions } = await beta.sessions.list({ deployment_id: deployment.id });
    expect(sessions.map((session) => session.id)).toEqual([id]);
    expect(await said()).toEqual(['user.message', 'agent.message']);
    // Nothing is left that has no row.
    const listed = new Set<string>();
    for await (const session of beta.sessions.list()) listed.add(session.id);
    expect([...(await sessionWorkflows(temporal))].filter((workflow) => !listed.has(workflow))).toEqual([]);
    await temporal.connection.close();
  },
);

/** The model's request, as Temporal sees it. */
async function requestOf(temporal: Client, session: string) {
  const { pendingActivities } = await temporal.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution: { workflowId: session },
  });
  return pendingActivities?.[0];
}

/** Why the last attempt at the model's request failed, before the present one; undefined while there has been none. */
async function lostAttempt(temporal: Client, session: string): Promise<string | undefined> {
  const { lastFailure } = (await requestOf(temporal, session)) ?? {};
  return lastFailure ? (lastFailure.applicationFailureInfo?.type ?? 'Timeout') : undefined;
}

const STARTED = proto.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;

test('a session that had begun when its run was cut off is taken over at once, not after its heartbeat', async () => {
  const { expression, scheduled_at } = await presentMinute();
  const deployment = await create(expression, '/wait 30000\n/say done');
  const temporal = await connect();
  await fireAgain(temporal, deployment, scheduled_at);
  const [run] = await awaitRuns(drover.client, deployment.id);
  const id = run?.session_id ?? '';
  while ((await requestOf(temporal, id))?.state !== STARTED) await sleep(20);
  await drover.kill();
  // As if it had been killed before it knew that the session was there.
  const db = new DatabaseSync(join(drover.dataDir, 'catalog.db'));
  db.prepare('update sessions set started_at = null where id = ?').run(id);
  db.prepare('update deployment_runs set pending = 1 where session_id = ?').run(id);
  db.close();
  for (const name of ['', '-wal', '-shm']) rmSync(join(drover.dataDir, `projection.db${name}`), { force: true });
  await drover.start();
  let reason: string | undefined;
  while (reason === undefined) {
    await sleep(20);
    reason = await lostAttempt(temporal, id);
  }
  expect(reason).toBe('WorkerLost');
  await temporal.connection.close();
});
