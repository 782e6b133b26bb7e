import type Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_WORKSPACE } from '../../src/catalog/workspace.js';
import { createAnnounce, fillOutbox } from '../../src/catalog/webhooks/announce.js';
import { WORKSPACE_EVENTS } from '../../src/catalog/webhooks/event-types.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment, fireOf, firesAt, TEN } from '../support/deployments.js';
import { patience } from '../support/patience.js';
import { CLIENT_ID, startOAuthServer } from '../support/oauth-server.js';

type Event = Anthropic.Beta.BetaWebhookEvent;

let server: TestServer;
let beta: Anthropic['beta'];
beforeEach(async () => {
  server = await startTestServer();
  beta = server.client.beta;
});
afterEach(() => server.stop());

const URL = 'https://example.com/hook';
const MODEL = 'claude-haiku-4-5-20251001';
const listen = (enabled_events: readonly string[] = WORKSPACE_EVENTS) =>
  server.catalog.webhooks.create({ url: URL, enabled_events });

/** What is in the outbox, oldest first, which is then empty. */
async function announced(): Promise<Event[]> {
  const rows = await server.db.selectFrom('webhook_outbox').selectAll().orderBy('created_at').execute();
  await server.db.deleteFrom('webhook_outbox').execute();
  for (const row of rows) expect(JSON.parse(row.body)).toMatchObject({ type: 'event', id: row.event_id });
  return rows.map(({ body }) => JSON.parse(body) as Event);
}

const data = async () => (await announced()).map((event) => event.data);
const whose = { organization_id: 'org_default', workspace_id: DEFAULT_WORKSPACE };

test('an event says what has happened to what, where and when', async () => {
  await listen();
  const { id, created_at } = await beta.environments.create({ name: 'e' });
  const [event] = await announced();
  expect(event).toEqual({
    type: 'event',
    id: expect.stringMatching(/^whe_[1-9A-HJ-NP-Za-km-z]{24}$/),
    created_at: expect.stringMatching(/Z$/),
    data: { type: 'environment.created', id, ...whose },
  });
  expect(Math.abs(Date.parse(event?.created_at ?? '') - Date.parse(created_at))).toBeLessThan(patience(1_000));
});

test('agents', async () => {
  await listen();
  const { id } = await beta.agents.create({ name: 'a', model: MODEL });
  await beta.agents.update(id, { name: 'b' });
  await beta.agents.update(id, { name: 'b' });
  await beta.agents.archive(id);
  await beta.agents.archive(id);
  await expect(beta.agents.update(id, { name: 'c' })).rejects.toMatchObject({ status: 400 });
  expect(await data()).toEqual(
    ['created', 'updated', 'archived'].map((verb) => ({ type: `agent.${verb}`, id, ...whose })),
  );
});

test('deployments, also those that go with their agent', async () => {
  const agent = await beta.agents.create({ name: 'a', model: MODEL });
  const environment = await beta.environments.create({ name: 'e' });
  await listen();
  const initial_events = [{ type: 'user.message' as const, content: [{ type: 'text' as const, text: 'go' }] }];
  const { id } = await beta.deployments.create({
    name: 'd',
    agent: agent.id,
    environment_id: environment.id,
    initial_events,
  });
  await beta.deployments.update(id, { name: 'f' });
  await beta.deployments.update(id, { name: 'f' });
  await beta.deployments.pause(id);
  await beta.deployments.pause(id);
  await beta.deployments.unpause(id);
  await beta.agents.archive(agent.id);
  await beta.deployments.archive(id);
  const of = (verb: string) => ({ type: `deployment.${verb}`, id, ...whose });
  expect(await data()).toEqual([
    ...['created', 'updated', 'paused', 'unpaused'].map(of),
    { type: 'agent.archived', id: agent.id, ...whose },
    of('archived'),
  ]);
});

test('runs by schedule, once each; a run by hand is nothing to tell of', async () => {
  const deployment = await createDeployment(server.client);
  await listen(['deployment_run.started', 'deployment_run.succeeded', 'deployment_run.failed']);
  await beta.deployments.run(deployment.id);
  expect(await data()).toEqual([]);
  const fires = firesAt(server, TEN);
  const fire = fireOf(server, deployment);
  const run = await fires.carryOut(fire, { isLast: true });
  await fires.carryOut(fire, { isLast: true });
  const id = run.type === 'run' ? run.run_id : 'none';
  expect(await data()).toEqual(
    ['started', 'succeeded'].map((verb) => ({ type: `deployment_run.${verb}`, id, ...whose })),
  );
});

test('a run that fails, and the deployment that is paused for it', async () => {
  const deployment = await createDeployment(server.client);
  await beta.environments.archive(deployment.environment_id);
  await listen();
  const run = await firesAt(server, TEN).carryOut(fireOf(server, deployment), { isLast: true });
  const id = run.type === 'run' ? run.run_id : 'none';
  expect(await data()).toEqual([
    { type: 'deployment_run.started', id, ...whose },
    { type: 'deployment_run.failed', id, ...whose },
    { type: 'deployment.paused', id: deployment.id, ...whose },
  ]);
});

test('environments', async () => {
  await listen();
  const { id } = await beta.environments.create({ name: 'e' });
  await beta.environments.update(id, { name: 'f' });
  await beta.environments.update(id, { name: 'f' });
  await beta.environments.archive(id);
  await beta.environments.archive(id);
  await beta.environments.delete(id);
  await expect(beta.environments.delete(id)).rejects.toMatchObject({ status: 404 });
  const verbs = ['created', 'updated', 'archived', 'deleted'];
  expect(await data()).toEqual(verbs.map((verb) => ({ type: `environment.${verb}`, id, ...whose })));
});

function bearer(name: string) {
  return { type: 'static_bearer', token: 't', mcp_server_url: `https://${name}.example` } as const;
}

test('vaults: archiving one tells of each credential besides', async () => {
  await listen();
  const vault = await beta.vaults.create({ display_name: 'v' });
  const [a, b] = [
    await beta.vaults.credentials.create(vault.id, { auth: bearer('a') }),
    await beta.vaults.credentials.create(vault.id, { auth: bearer('b') }),
  ];
  await beta.vaults.update(vault.id, { display_name: 'w' });
  await beta.vaults.credentials.update(a.id, { vault_id: vault.id, display_name: 'x' });
  await beta.vaults.credentials.archive(a.id, { vault_id: vault.id });
  await beta.vaults.credentials.archive(a.id, { vault_id: vault.id });
  await beta.vaults.archive(vault.id);
  await beta.vaults.archive(vault.id);
  await beta.vaults.credentials.delete(a.id, { vault_id: vault.id });
  await beta.vaults.delete(vault.id);
  const of = (verb: string, id: string) => ({ type: `vault_credential.${verb}`, id, vault_id: vault.id, ...whose });
  expect(await data()).toEqual([
    { type: 'vault.created', id: vault.id, ...whose },
    of('created', a.id),
    of('created', b.id),
    of('archived', a.id),
    { type: 'vault.archived', id: vault.id, ...whose },
    of('archived', b.id),
    of('deleted', a.id),
    { type: 'vault.deleted', id: vault.id, ...whose },
  ]);
});

test('a token that cannot be refreshed', async () => {
  const oauth = await startOAuthServer({ auth: 'none' });
  try {
    const vault = await beta.vaults.create({ display_name: 'v' });
    const refresh = {
      client_id: CLIENT_ID,
      refresh_token: 'bad',
      token_endpoint: `${oauth.url}/token`,
      token_endpoint_auth: { type: 'none' },
    } as const;
    const { id } = await beta.vaults.credentials.create(vault.id, {
      auth: { type: 'mcp_oauth', access_token: 'bad', mcp_server_url: `${oauth.url}/mcp`, refresh },
    });
    await listen();
    await beta.vaults.credentials.mcpOAuthValidate(id, { vault_id: vault.id });
    expect(await data()).toEqual([{ type: 'vault_credential.refresh_failed', id, vault_id: vault.id, ...whose }]);
  } finally {
    await oauth.stop();
  }
});

test('memory stores; nothing is told of memories', async () => {
  await listen();
  const { id } = await beta.memoryStores.create({ name: 's' });
  await beta.memoryStores.memories.create(id, { path: '/a', content: 'x' });
  await beta.memoryStores.update(id, { name: 't' });
  await beta.memoryStores.archive(id);
  await beta.memoryStores.archive(id);
  await beta.memoryStores.delete(id);
  const verbs = ['created', 'archived', 'deleted'];
  expect(await data()).toEqual(verbs.map((verb) => ({ type: `memory_store.${verb}`, id, ...whose })));
});

test('only endpoints that are told of it, enabled, and of this workspace', async () => {
  const wanting = await listen(['environment.created']);
  await listen(['environment.deleted']);
  const disabled = await listen(['environment.created']);
  await server.catalog.webhooks.update(disabled.id, { state: 'disabled' });
  await beta.environments.create({ name: 'e' });
  const rows = await server.db.selectFrom('webhook_outbox').select('endpoint_id').execute();
  expect(rows).toEqual([{ endpoint_id: wanting.id }]);
});

test('each endpoint gets the same event', async () => {
  await Promise.all([listen(), listen()]);
  await beta.environments.create({ name: 'e' });
  const [one, other] = await announced();
  expect(one?.id).toBeDefined();
  expect(other).toEqual(one);
});

test('thousands of events at once, as of a session whose log is announced late', async () => {
  await listen(['agent.created']);
  const data = { type: 'agent.created', id: 'agent_1' } as const;
  const events = Array.from({ length: 14_000 }, (_, index) => ({ id: `whe_${index}`, at: Date.now(), data }));
  expect(await fillOutbox(server.db, DEFAULT_WORKSPACE, events)).toBe(true);
  expect(await server.db.selectFrom('webhook_outbox').select('event_id').execute()).toHaveLength(14_000);
});

test('what is not committed is not announced', async () => {
  await listen();
  const announce = createAnnounce({
    workspace: DEFAULT_WORKSPACE,
    clock: Date.now,
    courier: { endpointsChanged: async () => {}, outboxFilled() {} },
  });
  const failing = server.db.transaction().execute(async (tx) => {
    await announce(tx, { type: 'agent.created', id: 'agent_1' });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await announced()).toEqual([]);
});

test('of what concerns the organization its own endpoints are told, without a workspace', async () => {
  await listen();
  const types = ['user_profile.enforcement_action_opened'] as const;
  const { id } = await server.client.beta.organization.webhooks.create({ url: URL, enabled_events: [...types] });
  const announce = createAnnounce({
    workspace: DEFAULT_WORKSPACE,
    clock: Date.now,
    courier: { endpointsChanged: async () => {}, outboxFilled() {} },
  });
  const event = { type: types[0], id: 'uprof_1', enforcement_action_id: 'enac_1' };
  await server.db.transaction().execute((tx) => announce(tx, event));
  expect(await server.db.selectFrom('webhook_outbox').select('endpoint_id').execute()).toEqual([{ endpoint_id: id }]);
  expect(await data()).toEqual([{ ...event, organization_id: 'org_default' }]);
});

test('without an endpoint nothing is written', async () => {
  await beta.environments.create({ name: 'e' });
  await beta.agents.create({ name: 'a', model: MODEL });
  expect(await announced()).toEqual([]);
});
