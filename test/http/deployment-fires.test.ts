import type { Anthropic } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { newId } from '../../src/ids.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment, fireOf, firesAt, runsOf, sessionsOf, TEN } from '../support/deployments.js';

let server: TestServer;
let beta: Anthropic['beta'];
beforeAll(async () => {
  server = await startTestServer();
  ({ beta } = server.client);
});
afterEach(() => server.session.fail(null));
afterAll(() => server.stop());

const MINUTE = 60_000;
const FIRST = { isLast: false };
const LAST = { isLast: true };

describe('by schedule', () => {
  test('one session and one run for an instant, however often it fires', async () => {
    const deployment = await createDeployment(server.client);
    const fires = firesAt(server, TEN);
    expect(await fires.plan(fireOf(server, deployment))).toEqual({ type: 'run', after_ms: 0 });
    const results = await Promise.all([1, 2, 3].map(() => fires.carryOut(fireOf(server, deployment), FIRST)));
    results.push(await firesAt(server, TEN + 30 * MINUTE).carryOut(fireOf(server, deployment), FIRST));
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    const [run, ...more] = await runsOf(server.client, deployment.id);
    expect(more).toEqual([]);
    expect(run).toMatchObject({
      trigger_context: { type: 'schedule', scheduled_at: '2027-01-15T10:00:00.000Z' },
      agent: deployment.agent,
      error: null,
    });
    expect(await sessionsOf(server.client, deployment.id)).toEqual([run?.session_id]);
    expect((await beta.deployments.retrieve(deployment.id)).schedule?.last_run_at).toBe(run?.created_at);
  });

  test('the plan holds a fire back by its jitter', async () => {
    const deployment = await createDeployment(server.client);
    const fires = firesAt(server, TEN + 1_000, () => 5_000);
    expect(await fires.plan(fireOf(server, deployment))).toEqual({ type: 'run', after_ms: 4_000 });
  });

  test.each<[string, number, string]>([
    ['in time, though late', 59_999, 'run'],
    ['when a later one is due', 60_000, 'it was missed, and a later one is due'],
    ['long ago', 600_001, 'it was missed and is too long ago'],
  ])('a fire that is carried out %s', async (_what, late, expected) => {
    const deployment = await createDeployment(server.client);
    const result = await firesAt(server, TEN + late).carryOut(fireOf(server, deployment), FIRST);
    expect(result.type === 'run' ? 'run' : result.reason).toBe(expected);
    expect(await runsOf(server.client, deployment.id)).toHaveLength(expected === 'run' ? 1 : 0);
  });

  test.each<[string, number, string]>([
    ['less than ten minutes', 600_000, 'run'],
    ['more', 600_001, 'skipped'],
  ])('one that was missed is made up for when it is %s ago', async (_what, late, expected) => {
    const deployment = await createDeployment(server.client, {
      schedule: { type: 'cron', expression: '0 10 * * *', timezone: 'UTC' },
    });
    expect((await firesAt(server, TEN + late).plan(fireOf(server, deployment))).type).toBe(expected);
    expect((await firesAt(server, TEN + late).carryOut(fireOf(server, deployment), FIRST)).type).toBe(expected);
  });

  test('nothing is run that is paused, archived, changed since, or not due by the clocks of its zone', async () => {
    const deployment = await createDeployment(server.client, {
      schedule: { type: 'cron', expression: '0 10 * * *', timezone: 'Europe/Berlin' },
    });
    const skip = async (fire = fireOf(server, deployment), now = TEN) => {
      const result = await firesAt(server, now).carryOut(fire, FIRST);
      return result.type === 'run' ? 'run' : result.reason;
    };
    expect(await skip()).toMatch(/is not now in Europe\/Berlin/);
    const due = TEN - 60 * MINUTE;
    const before = fireOf(server, deployment, due);
    await beta.deployments.pause(deployment.id);
    expect(await skip(fireOf(server, deployment, due), due)).toBe('the deployment is paused');
    await beta.deployments.unpause(deployment.id);
    expect(await skip(before, due)).toBe('the schedule has been changed since');
    const last = fireOf(server, deployment, due);
    await beta.deployments.archive(deployment.id);
    expect(await skip(last, due)).toBe('the deployment is archived');
    expect(await skip({ ...last, deployment_id: 'depl_none' }, due)).toBe('there is no such deployment');
    expect(await runsOf(server.client, deployment.id)).toEqual([]);
  });

  test('what would be the same the next time pauses the deployment, with the type of the run', async () => {
    const deployment = await createDeployment(server.client);
    await server.db.deleteFrom('environments').where('id', '=', deployment.environment_id).execute();
    await firesAt(server, TEN).carryOut(fireOf(server, deployment), FIRST);
    const error = { type: 'environment_not_found_error' };
    expect(await runsOf(server.client, deployment.id)).toMatchObject([{ session_id: null, error }]);
    expect(await beta.deployments.retrieve(deployment.id)).toMatchObject({
      status: 'paused',
      paused_reason: { type: 'error', error },
      schedule: { last_run_at: expect.any(String) },
    });
    expect(server.schedules.all.get(deployment.id)?.paused).toBe(true);
    expect(await beta.deployments.unpause(deployment.id)).toMatchObject({ status: 'active', paused_reason: null });
  });

  test.each([
    ['a rate limit', 'rate_limit_error' as const, 'session_rate_limited_error'],
    ['any other refusal', 'invalid_request_error' as const, 'session_creation_rejected_error'],
  ])('%s is a failed run, and the schedule goes on', async (_what, type, expected) => {
    const deployment = await createDeployment(server.client);
    server.session.fail(new ApiError(type, 'no'));
    await firesAt(server, TEN).carryOut(fireOf(server, deployment), FIRST);
    expect(await runsOf(server.client, deployment.id)).toMatchObject([
      { session_id: null, error: { type: expected, message: 'no' } },
    ]);
    expect((await beta.deployments.retrieve(deployment.id)).status).toBe('active');
    expect(await sessionsOf(server.client, deployment.id)).toEqual([]);
  });

  test('an error that nobody foresaw is tried again, and at the last attempt pauses the deployment', async () => {
    const deployment = await createDeployment(server.client);
    server.session.fail(new Error('secret detail'));
    await expect(firesAt(server, TEN).carryOut(fireOf(server, deployment), FIRST)).rejects.toThrow('secret detail');
    expect(await runsOf(server.client, deployment.id)).toEqual([]);
    await firesAt(server, TEN).carryOut(fireOf(server, deployment), LAST);
    const [run] = await runsOf(server.client, deployment.id);
    expect(run?.error?.type).toBe('unknown_error');
    expect(run?.error?.message).not.toContain('secret');
    expect(await beta.deployments.retrieve(deployment.id)).toMatchObject({
      paused_reason: { type: 'error', error: { type: 'unknown_error' } },
    });
  });

  test('while sessions cannot be started it is tried again until they can, whatever the attempt', async () => {
    const deployment = await createDeployment(server.client);
    server.session.fail(new ApiError('unavailable_error', 'away'));
    await expect(firesAt(server, TEN).carryOut(fireOf(server, deployment), LAST)).rejects.toThrow('away');
    await expect(firesAt(server, TEN).carryOut(fireOf(server, deployment), LAST)).rejects.toThrow('away');
    server.session.fail(null);
    // By now it would be too late for one that has not begun.
    expect((await firesAt(server, TEN + 60 * MINUTE).carryOut(fireOf(server, deployment), LAST)).type).toBe('run');
    expect(await sessionsOf(server.client, deployment.id)).toHaveLength(1);
    expect(await runsOf(server.client, deployment.id)).toHaveLength(1);
  });
});

describe('a run that was cut off', () => {
  test.each(['claim', 'row', 'start'] as const)('after its %s is completed with the same session', async (after) => {
    const { deployment, session_id } = await cutOff(after);
    expect(await runsOf(server.client, deployment.id)).toEqual([]);
    expect(await sessionsOf(server.client, deployment.id)).toEqual([]);
    // The sweep of sessions that were never finished leaves it alone.
    expect((await server.catalog.sessions.listUnfinished()).map(({ id }) => id)).not.toContain(session_id);
    await firesAt(server, TEN + 60 * MINUTE).finishPending();
    await firesAt(server, TEN + 60 * MINUTE).carryOut(fireOf(server, deployment), FIRST);
    expect(await runsOf(server.client, deployment.id)).toMatchObject([{ session_id, error: null }]);
    expect(await sessionsOf(server.client, deployment.id)).toEqual([session_id]);
    const events = await beta.sessions.events.list(session_id);
    expect(events.data.filter(({ type }) => type === 'user.message')).toHaveLength(1);
  });
});

test('with its agent archived before it was completed, the run says so', async () => {
  const { deployment } = await cutOff('claim');
  await beta.agents.archive(deployment.agent.id);
  await firesAt(server, TEN).finishPending();
  expect(await runsOf(server.client, deployment.id)).toMatchObject([
    { session_id: null, error: { type: 'agent_archived_error' } },
  ]);
});

function pendingRun(session_id: string) {
  return server.db
    .selectFrom('deployment_runs')
    .selectAll()
    .where('session_id', '=', session_id)
    .executeTakeFirstOrThrow();
}

/** As a process leaves it that was killed after the claim: before the session's row, before its start, or after. */
async function cutOff(after: 'claim' | 'row' | 'start') {
  const deployment = await createDeployment(server.client);
  const session_id = newId('sesn');
  const { id: agent_id, version: agent_version } = deployment.agent;
  const by = { workspace: 'wrkspc_default', deployment_id: deployment.id, agent_id, agent_version };
  const run = { ...by, trigger_type: 'schedule' as const, scheduled_at: TEN, session_id, error: null, pending: 1 };
  await server.db
    .insertInto('deployment_runs')
    .values({ id: newId('drun'), ...run, created_at: TEN })
    .execute();
  if (after === 'claim') return { deployment, session_id };
  const fail = after === 'row' ? new ApiError('unavailable_error', 'killed') : null;
  server.session.fail(fail);
  await server.catalog.deployments.completeRun((await pendingRun(session_id)).id, FIRST).catch(() => {});
  server.session.fail(null);
  if (after === 'start') {
    // Its last transaction did not happen.
    await server.db.updateTable('sessions').set({ started_at: null }).where('id', '=', session_id).execute();
    await server.db.updateTable('deployment_runs').set({ pending: 1 }).where('session_id', '=', session_id).execute();
  }
  return { deployment, session_id };
}
