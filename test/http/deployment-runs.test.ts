import { type Anthropic, NotFoundError } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { createDeployment, fireOf, firesAt, runsOf, sessionsOf, TEN } from '../support/deployments.js';

type CreateParams = Anthropic.Beta.Deployments.DeploymentCreateParams;
type ListParams = Anthropic.Beta.DeploymentRuns.DeploymentRunListParams;

let server: TestServer;
let beta: Anthropic['beta'];
beforeAll(async () => {
  server = await startTestServer();
  ({ beta } = server.client);
});
afterEach(() => server.session.fail(null));
afterAll(() => server.stop());

const FIRST = { isLast: false };

describe('by hand', () => {
  test('a session of the pinned version, with everything that the deployment has', async () => {
    const budget = { type: 'limit' as const, max_list_cost: { amount: '100', currency: 'USD' as const } };
    const initial_events: CreateParams['initial_events'] = [
      { type: 'user.message', content: [{ type: 'text', text: 'go' }] },
      { type: 'system.message', content: [{ type: 'text', text: 'Be brief.' }] },
    ];
    const agent = await beta.agents.create({ name: 'first', model: 'claude-opus-5' });
    const deployment = await createDeployment(server.client, { agent: agent.id, budget, initial_events });
    await beta.agents.update(agent.id, { name: 'second' });
    const run = await beta.deployments.run(deployment.id);
    expect({ ...run }).toEqual({
      type: 'deployment_run',
      id: expect.stringMatching(/^drun_\w{24}$/),
      deployment_id: deployment.id,
      agent: { type: 'agent', id: agent.id, version: 1 },
      trigger_context: { type: 'manual' },
      session_id: expect.stringMatching(/^sesn_\w{24}$/),
      error: null,
      created_at: expect.stringMatching(/Z$/),
    });
    const session = await beta.sessions.retrieve(run.session_id ?? '');
    expect(session).toMatchObject({
      deployment_id: deployment.id,
      budget,
      agent: { name: 'first', version: 1 },
      title: null,
    });
    const events = await beta.sessions.events.list(session.id);
    expect(events.data.slice(0, 2).map(({ type }) => type)).toEqual(['user.message', 'system.message']);
    expect({ ...(await beta.deploymentRuns.retrieve(run.id)) }).toEqual({ ...run });
    expect((await beta.deployments.retrieve(deployment.id)).schedule?.last_run_at).toBeNull();
    expect(await sessionsOf(server.client, deployment.id)).toEqual([session.id]);
  });

  test('also of a paused one, and as often as it is asked for', async () => {
    const { id } = await createDeployment(server.client);
    await beta.deployments.pause(id);
    const runs = [await beta.deployments.run(id), await beta.deployments.run(id)];
    expect((await sessionsOf(server.client, id)).toSorted()).toEqual(
      runs.map(({ session_id }) => session_id ?? '').toSorted(),
    );
    expect((await beta.deployments.retrieve(id)).status).toBe('paused');
  });

  test('why there is no session is told by the run; the deployment is not paused', async () => {
    const { id, environment_id } = await createDeployment(server.client);
    await beta.environments.archive(environment_id);
    const run = await beta.deployments.run(id);
    expect(run).toMatchObject({
      session_id: null,
      error: { type: 'environment_archived_error', message: expect.stringContaining(environment_id) },
    });
    expect(await beta.deploymentRuns.retrieve(run.id)).toMatchObject({ session_id: null, error: run.error });
    expect(await beta.deployments.retrieve(id)).toMatchObject({ status: 'active', paused_reason: null });
    expect(await sessionsOf(server.client, id)).toEqual([]);
  });

  test('while sessions cannot be started at all there is no run, and the client is told to come again', async () => {
    const { id } = await createDeployment(server.client);
    server.session.fail(new ApiError('unavailable_error', 'away', { retryAfter: 1 }));
    await expect(beta.deployments.run(id)).rejects.toThrow(/503/);
    server.session.fail(null);
    expect(await runsOf(server.client, id)).toEqual([]);
    expect(await sessionsOf(server.client, id)).toEqual([]);
  });
});

describe('the list', () => {
  test('newest first, in pages, by deployment, error, trigger and age', async () => {
    const deployment = await createDeployment(server.client);
    const made: string[] = [];
    for (let n = 0; n < 23; n++) made.unshift((await beta.deployments.run(deployment.id)).id);
    await firesAt(server, TEN).carryOut(fireOf(server, deployment), FIRST);
    await beta.environments.archive(deployment.environment_id);
    const failed = await beta.deployments.run(deployment.id);
    const ids = async (params: ListParams) => (await runsOf(server.client, deployment.id, params)).map(({ id }) => id);
    const all = await ids({ limit: 7 });
    const scheduled = all[1] ?? '';
    expect(all).toEqual([failed.id, scheduled, ...made]);
    expect(await ids({ has_error: true })).toEqual([failed.id]);
    expect(await ids({ has_error: false })).toEqual([scheduled, ...made]);
    expect(await ids({ trigger_type: 'schedule' })).toEqual([scheduled]);
    expect(await ids({ trigger_type: 'manual', has_error: false, limit: 1_000 })).toEqual(made);
    const { created_at } = await beta.deploymentRuns.retrieve(scheduled);
    expect(await ids({ 'created_at[gt]': created_at })).toEqual([failed.id]);
    expect(await ids({ 'created_at[gte]': created_at })).toEqual([failed.id, scheduled]);
    expect(await ids({ 'created_at[lt]': created_at })).toEqual(made);
    expect(await ids({ 'created_at[lte]': created_at })).toEqual([scheduled, ...made]);
    expect(await runsOf(server.client, 'depl_none')).toEqual([]);
    for (const query of ['limit=1001', 'has_error=x', 'trigger_type=x', 'page=x', 'created_at[gt]=x']) {
      expect((await rawFetch(server, `/v1/deployment_runs?${query}`)).status).toBe(400);
    }
    await expect(beta.deploymentRuns.retrieve('drun_none')).rejects.toThrow(NotFoundError);
  });
});
