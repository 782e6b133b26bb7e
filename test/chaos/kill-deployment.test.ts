import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { connectClient } from '../../src/temporal/connection.js';
import { readRecord } from '../../src/temporal/server/embedded-record.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { awaitRuns, fireAgain, presentMinute } from '../support/fire.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover({ env: { DROVER_DEPLOYMENT_JITTER: 'false' } });
}, 300_000);
afterAll(() => drover.remove());

async function create(expression: string) {
  const { beta } = drover.client;
  const agent = await beta.agents.create({ name: 'a', model: 'scripted' });
  const environment = await beta.environments.create({ name: 'e' });
  return beta.deployments.create({
    name: 'd',
    agent: agent.id,
    environment_id: environment.id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }],
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
  120_000,
);
