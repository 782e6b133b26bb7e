import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer, UNPRICED_MODEL } from '../support/app.js';

type CreateParams = Anthropic.Beta.Deployments.DeploymentCreateParams;
type ListParams = Anthropic.Beta.Deployments.DeploymentListParams;

let server: TestServer;
let deployments: Anthropic['beta']['deployments'];
let agent: string;
let environment_id: string;
beforeAll(async () => {
  server = await startTestServer();
  ({ deployments } = server.client.beta);
  agent = await newAgent();
  environment_id = (await server.client.beta.environments.create({ name: 'e' })).id;
});
afterAll(() => server.stop());

const GO: CreateParams['initial_events'] = [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }];
const DAILY = { type: 'cron' as const, expression: '0 9 * * 1-5', timezone: 'Europe/Berlin' };

async function newAgent(model = 'm'): Promise<string> {
  return (await server.client.beta.agents.create({ name: 'a', model })).id;
}

function create(change: Partial<CreateParams> = {}) {
  return deployments.create({ name: 'd', agent, environment_id, initial_events: GO, ...change });
}

function scheduleAt(id: string) {
  return server.schedules.all.get(id);
}

test('create with what is required: run by hand only', async () => {
  const deployment = await create();
  expect({ ...deployment }).toEqual({
    type: 'deployment',
    id: expect.stringMatching(/^depl_\w{24}$/),
    name: 'd',
    description: null,
    agent: { type: 'agent', id: agent, version: 1 },
    environment_id,
    initial_events: GO,
    resources: [],
    vault_ids: [],
    metadata: {},
    schedule: null,
    status: 'active',
    paused_reason: null,
    created_at: expect.stringMatching(/Z$/),
    updated_at: deployment.created_at,
    archived_at: null,
  });
  expect({ ...(await deployments.retrieve(deployment.id)) }).toEqual({ ...deployment });
  expect(scheduleAt(deployment.id)).toBeUndefined();
});

test('a schedule shows its next five times and is kept at Temporal', async () => {
  const { id, schedule } = await create({ schedule: DAILY, name: 'Report' });
  expect(schedule).toMatchObject({ ...DAILY, last_run_at: null });
  const upcoming = schedule?.upcoming_runs_at ?? [];
  expect(upcoming).toHaveLength(5);
  for (const time of upcoming) {
    const shown = new Date(time).toLocaleString('en', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit' });
    expect(shown).toMatch(/^0?9.*AM.*(Mon|Tue|Wed|Thu|Fri)|(Mon|Tue|Wed|Thu|Fri).*0?9.AM/);
  }
  expect(upcoming).toEqual(upcoming.toSorted());
  expect(scheduleAt(id)).toMatchObject({ id, name: 'Report', timeZone: 'Europe/Berlin', paused: false, revision: 1 });
});

test('the latest version of the agent is pinned, or the one that is named; only a new choice changes it', async () => {
  const own = await newAgent();
  await server.client.beta.agents.update(own, { name: 'b' });
  const first = await create({ agent: { type: 'agent', id: own, version: 1 } });
  expect(first.agent).toEqual({ type: 'agent', id: own, version: 1 });
  expect((await deployments.update(first.id, { name: 'renamed' })).agent.version).toBe(1);
  expect((await deployments.update(first.id, { agent: own })).agent.version).toBe(2);
  expect((await create({ agent: own })).agent.version).toBe(2);
});

test('update: what is omitted stays, null clears, metadata is merged', async () => {
  const max_list_cost = { amount: '100', currency: 'USD' as const };
  const { id, created_at } = await create({
    schedule: DAILY,
    description: 'x',
    metadata: { a: '1', b: '2' },
    budget: { type: 'limit', max_list_cost },
  });
  const same = await deployments.update(id, { name: 'd', metadata: { a: '1' }, schedule: DAILY });
  expect(same.updated_at).toBe(created_at);
  const changed = await deployments.update(id, { name: 'e', metadata: { a: null, c: '3' } });
  expect(changed).toMatchObject({
    name: 'e',
    metadata: { b: '2', c: '3' },
    description: 'x',
    budget: { max_list_cost },
  });
  expect(changed.updated_at > created_at).toBe(true);
  expect(scheduleAt(id)?.revision).toBe(1);
  const moved = await deployments.update(id, { schedule: { ...DAILY, expression: '5 * * * *' } });
  expect(moved.schedule?.expression).toBe('5 * * * *');
  expect(scheduleAt(id)?.revision).toBe(2);
  const cleared = await deployments.update(id, { schedule: null, description: null, budget: null });
  expect(cleared).toMatchObject({ schedule: null, description: null, name: 'e' });
  expect(cleared).not.toHaveProperty('budget');
  expect(scheduleAt(id)).toBeUndefined();
});

test.each<[string, object, RegExp]>([
  ['no name', { name: undefined }, /name: is required/],
  ['an empty name', { name: '' }, /name: /],
  ['no agent', { agent: undefined }, /agent: is required/],
  ['overrides', { agent: { type: 'agent_with_overrides', id: 'agent_1' } }, /agent/],
  ['no events', { initial_events: [] }, /initial_events: /],
  ['51 events', { initial_events: Array.from({ length: 51 }, () => GO[0]) }, /initial_events: /],
  ['an interrupt', { initial_events: [{ type: 'user.interrupt' }] }, /initial_events\.0/],
  [
    'an outcome without a rubric',
    { initial_events: [{ type: 'user.define_outcome', description: 'd' }] },
    /initial_events\.0\.rubric: is required/,
  ],
  [
    'a system message that is not last',
    { initial_events: [{ type: 'system.message', content: [{ type: 'text', text: 's' }] }, ...GO] },
    /initial_events\.0: a system.message comes last/,
  ],
  ['501 resources', { resources: Array.from({ length: 501 }, () => ({})) }, /resources/],
  ['51 vaults', { vault_ids: Array.from({ length: 51 }, (_, n) => `vlt_${n}`) }, /vault_ids: /],
  [
    'a budget of nothing',
    { budget: { type: 'limit', max_list_cost: { amount: '0', currency: 'USD' } } },
    /budget\.max_list_cost\.amount/,
  ],
  ['six fields', { schedule: { ...DAILY, expression: '0 0 9 * * *' } }, /schedule\.expression: must have five fields/],
  ['a shortcut', { schedule: { ...DAILY, expression: '@daily' } }, /schedule\.expression: .*@daily/],
  ['an L', { schedule: { ...DAILY, expression: '0 9 L * *' } }, /schedule\.expression: .*L.* is not a day of month/],
  [
    'a time that never comes',
    { schedule: { ...DAILY, expression: '0 9 30 2 *' } },
    /schedule\.expression: names no time/,
  ],
  ['no time zone', { schedule: { type: 'cron', expression: '0 9 * * *' } }, /schedule\.timezone: is required/],
  ['an unknown time zone', { schedule: { ...DAILY, timezone: 'Mars/Base' } }, /schedule\.timezone: must be/],
  ['an offset', { schedule: { ...DAILY, timezone: '+01:00' } }, /schedule\.timezone: must be/],
  ['another kind of schedule', { schedule: { ...DAILY, type: 'interval' } }, /schedule\.type/],
  ['a title', { title: 't' }, /title/],
])('create with %s is 400', async (_what, change, message) => {
  const error = await create(change).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
});

test('what it refers to has to be there, alive and fit, at creation and at each change', async () => {
  const gone = await server.client.beta.environments.create({ name: 'e' });
  await server.client.beta.environments.archive(gone.id);
  const old = await newAgent();
  await server.client.beta.agents.archive(old);
  const unpriced = await newAgent(UNPRICED_MODEL);
  const picture = { type: 'image' as const, source: { type: 'file' as const, file_id: 'file_none' } };
  const initial_events: CreateParams['initial_events'] = [{ type: 'user.message', content: [picture] }];
  const budget = { type: 'limit' as const, max_list_cost: { amount: '100', currency: 'USD' as const } };
  const { id } = await create();
  for (const attempt of [create, (change: object) => deployments.update(id, change)]) {
    await expect(attempt({ agent: 'agent_none' })).rejects.toThrow(NotFoundError);
    await expect(attempt({ environment_id: 'env_none' })).rejects.toThrow(NotFoundError);
    await expect(attempt({ environment_id: gone.id })).rejects.toThrow(/400.*environment_id: .*archived/);
    await expect(attempt({ agent: old })).rejects.toThrow(/400.*agent: .*archived/);
    await expect(attempt({ agent: unpriced, budget })).rejects.toThrow(/400.*budget: .*no list price/);
    await expect(attempt({ initial_events })).rejects.toThrow(
      /400.*initial_events\.0\.content\.0\.source\.file_id: there is no file/,
    );
  }
  expect((await deployments.retrieve(id)).updated_at).toBe((await deployments.retrieve(id)).created_at);
});

test('pause and unpause: the reason, the Schedule, and the times that are still shown', async () => {
  const { id } = await create({ schedule: DAILY });
  const paused = await deployments.pause(id);
  expect(paused).toMatchObject({ status: 'paused', paused_reason: { type: 'manual' } });
  expect(paused.schedule?.upcoming_runs_at).toHaveLength(5);
  expect(scheduleAt(id)?.paused).toBe(true);
  expect({ ...(await deployments.pause(id)) }).toEqual({ ...paused });
  const active = await deployments.unpause(id);
  expect(active).toMatchObject({ status: 'active', paused_reason: null });
  expect(scheduleAt(id)?.paused).toBe(false);
  expect({ ...(await deployments.unpause(id)) }).toEqual({ ...active });
});

test('an archived one is read-only, has no Schedule and no time to come', async () => {
  const { id } = await create({ schedule: DAILY });
  await deployments.pause(id);
  const archived = await deployments.archive(id);
  expect(archived).toMatchObject({ status: 'active', paused_reason: null, archived_at: expect.stringMatching(/Z$/) });
  expect(archived.schedule).toMatchObject({ ...DAILY, upcoming_runs_at: [] });
  expect(scheduleAt(id)).toBeUndefined();
  expect({ ...(await deployments.archive(id)) }).toEqual({ ...archived });
  for (const attempt of [
    () => deployments.update(id, { name: 'x' }),
    () => deployments.pause(id),
    () => deployments.unpause(id),
    () => deployments.run(id),
  ]) {
    await expect(attempt()).rejects.toThrow(/400.*deployment_id: .*archived/);
  }
});

test('with an agent all its deployments are archived', async () => {
  const own = await newAgent();
  const [first, second, other] = [
    await create({ agent: own, schedule: DAILY }),
    await create({ agent: own }),
    await create({ schedule: DAILY }),
  ];
  await server.client.beta.agents.archive(own);
  expect((await deployments.retrieve(first.id)).archived_at).not.toBeNull();
  expect((await deployments.retrieve(second.id)).archived_at).not.toBeNull();
  expect((await deployments.retrieve(other.id)).archived_at).toBeNull();
  expect([scheduleAt(first.id), scheduleAt(other.id)?.id]).toEqual([undefined, other.id]);
});

test('what is not there is 404', async () => {
  for (const attempt of [
    () => deployments.retrieve('depl_x'),
    () => deployments.update('depl_x', {}),
    () => deployments.archive('depl_x'),
    () => deployments.pause('depl_x'),
    () => deployments.unpause('depl_x'),
    () => deployments.run('depl_x'),
    () => server.client.beta.deploymentRuns.retrieve('drun_x'),
  ]) {
    await expect(attempt()).rejects.toThrow(NotFoundError);
  }
});

test('lists are newest first, in pages, by agent, status and age', async () => {
  const own = await newAgent();
  const ids: string[] = [];
  for (let n = 0; n < 25; n++) ids.unshift((await create({ agent: own })).id);
  const [newest = '', second = '', third = ''] = ids;
  await deployments.pause(second);
  await deployments.archive(third);
  const list = async (params: ListParams) => {
    const found: string[] = [];
    for await (const { id } of deployments.list({ agent_id: own, limit: 10, ...params })) found.push(id);
    return found;
  };
  expect(await list({})).toEqual(ids.filter((id) => id !== third));
  expect(await list({ include_archived: true })).toEqual(ids);
  expect(await list({ status: 'paused' })).toEqual([second]);
  expect(await list({ status: 'active' })).toEqual(ids.filter((id) => id !== second && id !== third));
  const { created_at } = await deployments.retrieve(second);
  expect(await list({ 'created_at[gte]': created_at })).toEqual([newest, second]);
  expect((await list({ 'created_at[lte]': created_at }))[0]).toBe(second);
  await expect(list({ status: 'paused', include_archived: true })).rejects.toThrow(/400.*status: cannot go/);
  for (const query of ['status=archived', 'limit=101', 'limit=0', 'page=x', 'include_archived=1']) {
    expect((await rawFetch(server, `/v1/deployments?${query}`)).status).toBe(400);
  }
});

test('a page of large ones ends early, and none is missed', async () => {
  const own = await newAgent();
  const content = [{ type: 'text' as const, text: 'x'.repeat(12 * 1024 * 1024) }];
  const made: string[] = [];
  for (let n = 0; n < 3; n++) {
    made.unshift((await create({ agent: own, initial_events: [{ type: 'user.message', content }] })).id);
  }
  const pages: string[][] = [];
  for await (const { data } of (await deployments.list({ agent_id: own, limit: 100 })).iterPages()) {
    pages.push(data.map(({ id }) => id));
  }
  expect(pages).toEqual([made.slice(0, 2), made.slice(2)]);
});
