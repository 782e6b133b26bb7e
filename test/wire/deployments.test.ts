import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { openDeployments } from '../../src/bin/deployments.js';
import { FIRE_WORKFLOW } from '../../src/schedule/fire.js';
import { TASK_QUEUE } from '../../src/temporal/task-queue.js';
import { storeOf } from '../../src/temporal/worker-identity.js';
import { startTestServer } from '../support/app.js';
import { createDeployment, fireOf, firesAt, runsOf, sessionsOf, TEN } from '../support/deployments.js';
import { deadline } from '../support/patience.js';
import { awaitRuns, fireAgain, fireResult, presentMinute } from '../support/fire.js';
import { startWire, type Wire } from './server.js';
import { listAll, textOf } from './session.js';

type CreateParams = Anthropic.Beta.Deployments.DeploymentCreateParams;

let wire: Wire;
beforeAll(async () => {
  wire = await startWire({ DROVER_DEPLOYMENT_JITTER: 'false' });
}, 300_000);
afterAll(() => wire.stop());

async function create(expression: string, change: Partial<CreateParams> = {}) {
  const { beta } = wire.client;
  const agent = await beta.agents.create({ name: 'a', model: 'm' });
  const environment = await beta.environments.create({ name: 'e' });
  return beta.deployments.create({
    name: 'Report',
    agent: agent.id,
    environment_id: environment.id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'What is new?' }] }],
    schedule: { type: 'cron', expression, timezone: 'UTC' },
    ...change,
  });
}

async function schedules(): Promise<string[]> {
  const found: string[] = [];
  for await (const { scheduleId } of wire.temporal.schedule.list()) found.push(scheduleId);
  return found;
}

test('a fire makes a session that does its work, and one run, however often it fires', async () => {
  const { expression, scheduled_at } = await presentMinute();
  const deployment = await create(expression);
  await fireAgain(wire.temporal, deployment, scheduled_at);
  const [run] = await awaitRuns(wire.client, deployment.id);
  expect(run).toMatchObject({
    error: null,
    trigger_context: { type: 'schedule', scheduled_at: new Date(scheduled_at).toISOString() },
  });
  const id = run?.session_id ?? '';
  let events = await listAll(wire, id);
  while (events.at(-1)?.type !== 'session.status_idle') {
    await new Promise((r) => setTimeout(r, 100));
    events = await listAll(wire, id);
  }
  expect(textOf(events.find(({ type }) => type === 'user.message'))).toBe('What is new?');
  expect(textOf(events.find(({ type }) => type === 'agent.message'))).toBe('hello');
  await fireAgain(wire.temporal, deployment, scheduled_at);
  expect(await fireResult(wire.temporal, deployment, scheduled_at)).toMatchObject({ type: 'run', session_id: id });
  expect(await awaitRuns(wire.client, deployment.id)).toEqual([run]);
  const { data } = await wire.client.beta.sessions.list({ deployment_id: deployment.id });
  expect(data.map((session) => session.id)).toEqual([id]);
});

test('Temporal fires by itself, at the time that was announced', async () => {
  // The next minute is far enough for its Schedule to be there in time.
  await presentMinute();
  const deployment = await create('* * * * *');
  const [announced] = deployment.schedule?.upcoming_runs_at ?? [];
  const [run] = await awaitRuns(wire.client, deployment.id, 90_000);
  expect(run?.trigger_context).toEqual({ type: 'schedule', scheduled_at: announced });
  expect(Date.parse(run?.created_at ?? '') - Date.parse(announced ?? '')).toBeLessThan(15_000);
  const paused = await wire.client.beta.deployments.pause(deployment.id);
  expect(paused.schedule?.last_run_at).toBe(run?.created_at);
  expect((await wire.temporal.schedule.getHandle(deployment.id).describe()).state.paused).toBe(true);
}, 300_000);

test('what a paused deployment would have done is not done, and Temporal shows why', async () => {
  const { expression, scheduled_at } = await presentMinute();
  const deployment = await create(expression);
  await wire.client.beta.deployments.pause(deployment.id);
  await fireAgain(wire.temporal, deployment, scheduled_at);
  const reason = 'the deployment is paused';
  expect(await fireResult(wire.temporal, deployment, scheduled_at)).toEqual({ type: 'skipped', reason });
});

test('a start makes Schedules that are missing, and removes those that no deployment has', async () => {
  const { id } = await create('0 9 * * *');
  const archived = await create('0 9 * * *');
  await wire.client.beta.deployments.archive(archived.id);
  expect(await schedules()).not.toContain(archived.id);
  const others = { type: 'startWorkflow' as const, workflowType: 'others', taskQueue: 'others' };
  await wire.temporal.schedule.create({ scheduleId: 'not-ours', spec: {}, action: others });
  const action = { ...others, workflowType: FIRE_WORKFLOW, taskQueue: TASK_QUEUE };
  const note = `Revision 1 of store ${readFileSync(join(wire.dataDir, 'id'), 'utf8').trim()}, time zones of 2026a`;
  await wire.temporal.schedule.create({ scheduleId: 'depl_nobody', spec: {}, action, state: { note } });
  await wire.temporal.schedule.getHandle(id).delete();
  // What can be listed lags a moment behind.
  while ((await schedules()).includes(id) || !(await schedules()).includes('depl_nobody')) {
    await new Promise((r) => setTimeout(r, 100));
  }
  await wire.restart();
  for (const isOver = deadline(10_000); !isOver();) {
    const there = await schedules();
    if (there.includes(id) && !there.includes('depl_nobody')) break;
    await new Promise((r) => setTimeout(r, 100));
  }
  expect(await schedules()).toEqual(expect.arrayContaining([id, 'not-ours']));
  expect(await schedules()).not.toContain('depl_nobody');
});

test('the worker says for which store it works', async () => {
  const { pollers } = await wire.temporal.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: 1,
  });
  const store = readFileSync(join(wire.dataDir, 'id'), 'utf8').trim();
  expect(pollers.map(({ identity }) => storeOf(identity ?? ''))).toContain(store);
});

test('a run whose workflow somebody has ended at Temporal is completed all the same', async () => {
  // Another store, with this one's Temporal.
  const store = await startTestServer();
  const { db, catalogOf } = store;
  const atWork = openDeployments(
    { deploymentJitter: false },
    { db, client: wire.temporal, store: 'another', log: (line) => store.reported.push(line) },
  );
  atWork.begin(catalogOf);
  await atWork.tidy();
  const yearly = { type: 'cron' as const, expression: '0 10 15 1 *', timezone: 'UTC' };
  const { id, ...deployment } = await createDeployment(store.client, { schedule: yearly });
  store.session.fail(new Error('ended'));
  const fire = firesAt(store, TEN).carryOut(fireOf(store, { id, ...deployment }), { isLast: false });
  await expect(fire).rejects.toThrow('ended');
  store.session.fail(null);
  expect(await runsOf(store.client, id)).toEqual([]);
  await atWork.tidy();
  const [run] = await runsOf(store.client, id);
  expect(run).toMatchObject({ error: null, session_id: expect.stringMatching(/^sesn_/) });
  expect(await sessionsOf(store.client, id)).toEqual([run?.session_id]);
  expect(store.reported).toEqual([]);
  await atWork.stop();
  await store.stop();
});
