import { AuthenticationError } from '@anthropic-ai/sdk';
import type { Workspace } from '../../src/catalog/access/workspaces.js';
import { adminRequest, clientWith, newKey, newWorkspace } from '../support/admin.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment, fireOf, firesAt, TEN } from '../support/deployments.js';
import { openQueue } from '../support/work.js';

let server: TestServer;
beforeAll(async () => (server = await startTestServer({ streams: { keyCheckMs: 50 } })));
afterAll(() => server.stop());

const archive = (id: string, key?: string) =>
  adminRequest<Workspace>(server, `workspaces/${id}/archive`, { body: {}, ...(key !== undefined && { key }) });

test('is closed for good, with all that is in it; twice is once', async () => {
  const { workspace, client } = await newWorkspace(server);
  const { status, body } = await archive(workspace.id);
  expect({ status, body }).toEqual({ status: 200, body: { ...workspace, archived_at: expect.stringMatching(/Z$/) } });
  expect((await archive(workspace.id)).body).toEqual(body);
  await expect(client.beta.agents.list()).rejects.toThrow(AuthenticationError);
  const { body: workspaces } = await adminRequest<{ data: Workspace[] }>(server, 'workspaces');
  expect(workspaces.data[0]).toEqual(body);
  await server.client.beta.agents.list();
});

test('its workers are not let in, streams end, and there are no new keys', async () => {
  const { workspace, client } = await newWorkspace(server);
  const queue = await openQueue(server.url, client, server.client);
  const agent = await client.beta.agents.create({ name: 'a', model: 'm' });
  const session = await client.beta.sessions.create({
    agent: agent.id,
    environment_id: queue.environment_id,
    initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'hi' }] }],
  });
  const { token } = await queue.begin();
  const streams = await Promise.all([client, token].map(({ beta }) => beta.sessions.events.stream(session.id)));
  await archive(workspace.id);
  for (const stream of streams)
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow(/not valid any more/);
  await expect(queue.poll()).rejects.toThrow(AuthenticationError);
  await expect(token.beta.sessions.retrieve(session.id)).rejects.toThrow(AuthenticationError);
  const of = { api_keys: { workspace_id: workspace.id }, environment_keys: { environment_id: queue.environment_id } };
  for (const [kind, named] of Object.entries(of)) {
    const { status, body } = await adminRequest(server, kind, { body: { name: 'k', ...named } });
    expect({ status, body }).toMatchObject({
      status: 400,
      body: {
        error: { details: { error_code: 'workspace_archived' }, message: expect.stringContaining('is archived') },
      },
    });
  }
});

test('its deployments run no more, and say why', async () => {
  const { workspace, client } = await newWorkspace(server);
  const deployment = await createDeployment(client);
  await archive(workspace.id);
  const fire = fireOf(server, deployment);
  expect(await firesAt(server, TEN).carryOut(fire, { isLast: false })).toMatchObject({ session_id: null });
  const { deploymentRuns, deployments } = server.catalogOf(workspace.id);
  const { data } = await deploymentRuns.list({ limit: 10 });
  expect(data).toMatchObject([{ error: { type: 'workspace_archived_error' } }]);
  expect(await deployments.retrieve(deployment.id)).toMatchObject({
    status: 'paused',
    paused_reason: { type: 'error', error: { type: 'workspace_archived_error' } },
  });
});

test('the default workspace closes others, never itself; nobody else does', async () => {
  const { workspace } = await newWorkspace(server);
  const { key } = await newKey(server, { workspace_id: workspace.id, scopes: ['admin'] });
  expect((await archive(workspace.id, key)).status).toBe(403);
  expect((await archive('wrkspc_default')).status).toBe(400);
  expect((await archive('wrkspc_none')).status).toBe(404);
  await clientWith(server, (await newKey(server, { workspace_id: workspace.id })).key).beta.agents.list();
});

test('a key that is made just then is refused or revoked', async () => {
  const { workspace } = await newWorkspace(server);
  const body = { name: 'k', workspace_id: workspace.id };
  const making = Array.from({ length: 10 }, () => adminRequest<{ key: string }>(server, 'api_keys', { body }));
  await archive(workspace.id);
  for (const { body: made } of await Promise.all(making)) {
    await expect(clientWith(server, made.key ?? 'none').beta.agents.list()).rejects.toThrow(AuthenticationError);
  }
});
