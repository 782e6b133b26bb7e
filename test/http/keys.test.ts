import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuthenticationError, NotFoundError } from '@anthropic-ai/sdk';
import type { EnvironmentKeyInfo } from '../../src/catalog/access/environment-keys.js';
import type { Workspace } from '../../src/catalog/access/workspaces.js';
import { adminRequest, clientWith, newEnvironmentKey, newKey, type NewKey, newWorkspace } from '../support/admin.js';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(() => server.stop());

interface List<Item> {
  data: Item[];
  next_page: string | null;
}

const refusal = (type: string, message: RegExp) => ({
  type: 'error',
  error: { type, message: expect.stringMatching(message) },
  request_id: expect.any(String),
});

test('a key is shown once, and kept as a hash', async () => {
  const { status, body } = await adminRequest<NewKey>(server, 'api_keys', { body: { name: 'ci', scopes: ['read'] } });
  expect(status).toBe(200);
  const { key, ...shown } = body;
  expect(key).toMatch(/^sk-drover-[\w-]{43}$/);
  expect(shown).toEqual({
    type: 'api_key',
    id: expect.stringMatching(/^apikey_\w{24}$/),
    workspace_id: 'wrkspc_default',
    name: 'ci',
    scopes: ['read'],
    hint: `sk-drover-…${key.slice(-4)}`,
    created_at: expect.stringMatching(/Z$/),
    revoked_at: null,
  });
  const list = await adminRequest<List<NewKey>>(server, 'api_keys');
  expect(list.body.data[0]).toEqual(shown);
  const databases = readdirSync(server.dir).filter((name) => name.includes('.db'));
  expect(databases.filter((name) => readFileSync(join(server.dir, name)).includes(key))).toEqual([]);
  expect(JSON.stringify(await server.db.selectFrom('api_keys').selectAll().execute())).not.toContain(key);
});

test('what a key makes is in its workspace, and nobody else’s', async () => {
  const { workspace, client } = await newWorkspace(server);
  const { data, response } = await client.beta.agents.create({ name: 'a', model: 'm' }).withResponse();
  expect(response.headers.get('anthropic-workspace-id')).toBe(workspace.id);
  expect((await client.beta.agents.list()).data.map(({ id }) => id)).toEqual([data.id]);
  await expect(server.client.beta.agents.retrieve(data.id)).rejects.toThrow(NotFoundError);
  expect((await server.client.beta.agents.list()).data.map(({ id }) => id)).not.toContain(data.id);
});

test('a key that is revoked several times at once was revoked once', async () => {
  const { id } = await newKey(server);
  const revoke = () => adminRequest<NewKey>(server, `api_keys/${id}/revoke`, { body: {} });
  const answers = await Promise.all(Array.from({ length: 8 }, revoke));
  expect(new Set(answers.map(({ body }) => body.revoked_at)).size).toBe(1);
});

test('a revoked key opens nothing from the next request on', async () => {
  const { id, key } = await newKey(server);
  const client = clientWith(server, key);
  await client.beta.agents.list();
  const revoked = await adminRequest<NewKey>(server, `api_keys/${id}/revoke`, { body: {} });
  expect(revoked).toMatchObject({ status: 200, body: { id, revoked_at: expect.stringMatching(/Z$/) } });
  await expect(client.beta.agents.list()).rejects.toThrow(AuthenticationError);
  expect(await adminRequest(server, `api_keys/${id}/revoke`, { body: {} })).toEqual(revoked);
  const { body } = await adminRequest<List<NewKey>>(server, 'api_keys');
  expect(body.data.find((one) => one.id === id)?.revoked_at).toBe(revoked.body.revoked_at);
});

test.each([
  ['read', [200, 403, 403]],
  ['write', [403, 200, 403]],
  ['admin', [403, 403, 200]],
] as const)('scope %s', async (scope, statuses) => {
  const { key } = await newKey(server, { scopes: [scope] });
  const headers = { authorization: `Bearer ${key}` };
  const body = JSON.stringify({ name: 'a', model: 'm' });
  const answers = [
    await rawFetch(server, '/v1/agents', { headers }),
    await rawFetch(server, '/v1/agents', { headers, method: 'POST', body }),
    await rawFetch(server, '/drover/api_keys', { headers }),
  ];
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  const refused = answers.find(({ status }) => status === 403);
  expect(await refused?.json()).toEqual(refusal('permission_error', /no scope "(read|write)"/));
});

test('a new key reads and writes, and does not administer', async () => {
  expect((await newKey(server)).scopes).toEqual(['read', 'write']);
});

test.each([
  ['no name', { name: undefined }, /^name: is required/],
  ['an empty name', { name: '' }, /^name: /],
  ['no scope', { scopes: [] }, /^scopes: /],
  ['an unknown scope', { scopes: ['root'] }, /^scopes\.0: /],
  ['a scope twice', { scopes: ['read', 'read'] }, /^scopes: .*twice/],
  ['an unknown field', { expires_at: 'x' }, /expires_at/],
])('a key with %s is 400', async (_what, change, message) => {
  const { status, body } = await adminRequest(server, 'api_keys', { body: { name: 'k', ...change } });
  expect(status).toBe(400);
  expect(body).toEqual(refusal('invalid_request_error', message));
});

test('naming the key’s own workspace changes nothing; another is not found, whether it is there or not', async () => {
  const { workspace, key } = await newWorkspace(server);
  const ask = (name: string) =>
    rawFetch(server, '/v1/agents', { headers: { authorization: `Bearer ${key.key}`, 'anthropic-workspace-id': name } });
  expect((await ask(workspace.id)).status).toBe(200);
  expect((await ask('')).status).toBe(200);
  for (const name of ['wrkspc_default', 'wrkspc_none', `${workspace.id}, ${workspace.id}`]) {
    const response = await ask(name);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual(refusal('not_found_error', new RegExp(`no workspace ${name}\\.`)));
  }
  await expect(server.client.beta.agents.list({ workspace_id: workspace.id })).rejects.toThrow(NotFoundError);
});

test('an administrator of one workspace makes and revokes its keys, and knows of no other', async () => {
  const { workspace, key } = await newWorkspace(server, ['admin']);
  const other = await newKey(server);
  const as = { key: key.key };
  const made = await adminRequest<NewKey>(server, 'api_keys', { ...as, body: { name: 'k' } });
  expect(made.body.workspace_id).toBe(workspace.id);
  expect((await adminRequest<List<NewKey>>(server, 'api_keys', as)).body.data.map(({ id }) => id)).toEqual([
    made.body.id,
    key.id,
  ]);
  expect((await adminRequest(server, `api_keys/${made.body.id}/revoke`, { ...as, body: {} })).status).toBe(200);
  const nowhere = { workspace_id: 'wrkspc_default', name: 'k' };
  expect((await adminRequest(server, 'api_keys', { ...as, body: nowhere })).status).toBe(404);
  expect((await adminRequest(server, 'api_keys?workspace_id=wrkspc_default', as)).status).toBe(404);
  expect((await adminRequest(server, `api_keys/${other.id}/revoke`, { ...as, body: {} })).status).toBe(404);
  expect((await adminRequest(server, 'workspaces', { ...as, body: { name: 'w' } })).status).toBe(403);
  expect((await adminRequest<List<Workspace>>(server, 'workspaces', as)).body.data).toEqual([workspace]);
});

test('the default workspace administers them all', async () => {
  const { workspace, key } = await newWorkspace(server);
  const { body } = await adminRequest<List<NewKey>>(server, `api_keys?workspace_id=${workspace.id}`);
  expect(body.data.map(({ id }) => id)).toEqual([key.id]);
  const listed: Workspace[] = [];
  for (let page: string | null = ''; page !== null;) {
    const answer: List<Workspace> = (await adminRequest<List<Workspace>>(server, `workspaces?limit=2&page=${page}`))
      .body;
    listed.push(...answer.data);
    page = answer.next_page;
  }
  expect(listed[0]).toEqual(workspace);
  expect(listed.at(-1)).toMatchObject({ id: 'wrkspc_default', name: 'Default' });
});

test('keys without a workspace, a name or an environment that is there are refused', async () => {
  const missing = { workspace_id: 'wrkspc_none', name: 'k' };
  expect((await adminRequest(server, 'api_keys', { body: missing })).status).toBe(404);
  expect((await adminRequest(server, 'workspaces', { body: {} })).status).toBe(400);
  expect((await adminRequest(server, 'environment_keys')).status).toBe(400);
  expect((await adminRequest(server, 'environment_keys?environment_id=env_none')).status).toBe(404);
  expect((await adminRequest(server, 'environment_keys/ekey_none/revoke', { body: {} })).status).toBe(404);
  const nowhere = { environment_id: 'env_none', name: 'k' };
  expect((await adminRequest(server, 'environment_keys', { body: nowhere })).status).toBe(404);
});

/** The id of a new environment that is. */
async function selfHosted(): Promise<string> {
  const { id } = await server.client.beta.environments.create({ name: 'e', config: { type: 'self_hosted' } });
  return id;
}

describe('an environment’s key', () => {
  test('is of one self-hosted environment, shown once, listed, revoked', async () => {
    const environment_id = await selfHosted();
    const { key, ...shown } = await newEnvironmentKey(server, environment_id);
    expect(key).toMatch(/^sk-ant-oat01-[\w-]{43}$/);
    expect(shown).toEqual({
      type: 'environment_key',
      id: expect.stringMatching(/^ekey_\w{24}$/),
      environment_id,
      workspace_id: 'wrkspc_default',
      name: 'worker',
      hint: `sk-ant-oat01-…${key.slice(-4)}`,
      created_at: expect.stringMatching(/Z$/),
      revoked_at: null,
    });
    const path = `environment_keys?environment_id=${environment_id}`;
    expect((await adminRequest<List<EnvironmentKeyInfo>>(server, path)).body.data).toEqual([shown]);
    const keys = await adminRequest<List<NewKey>>(server, 'api_keys?limit=100');
    expect(keys.body.data.map(({ id }) => id)).not.toContain(shown.id);
    expect((await adminRequest(server, `api_keys/${shown.id}/revoke`, { body: {} })).status).toBe(404);
    const revoked = await adminRequest(server, `environment_keys/${shown.id}/revoke`, { body: {} });
    expect(revoked).toMatchObject({ status: 200, body: { id: shown.id, revoked_at: expect.stringMatching(/Z$/) } });
    await expect(clientWith(server, key).beta.agents.list()).rejects.toThrow(AuthenticationError);
  });

  test('opens nothing but the work of its environment', async () => {
    const { key } = await newEnvironmentKey(server, await selfHosted());
    await expect(clientWith(server, key).beta.agents.list()).rejects.toThrow(
      /403.*agents\.list cannot be called with an environment key/,
    );
    expect((await adminRequest(server, 'api_keys', { key })).status).toBe(403);
  });

  test('is refused where there are no workers, and gone with its environment', async () => {
    const { id: cloud } = await server.client.beta.environments.create({ name: 'e' });
    const { status, body } = await adminRequest(server, 'environment_keys', {
      body: { environment_id: cloud, name: 'k' },
    });
    expect(status).toBe(400);
    expect(body).toEqual(refusal('invalid_request_error', /^environment_id: .*not self-hosted/));
    const id = await selfHosted();
    const { key } = await newEnvironmentKey(server, id);
    await server.client.beta.environments.delete(id);
    await expect(clientWith(server, key).beta.agents.list()).rejects.toThrow(AuthenticationError);
  });

  test('of another workspace is not found', async () => {
    const { key } = await newWorkspace(server, ['admin']);
    const environment_id = await selfHosted();
    const made = await newEnvironmentKey(server, environment_id);
    const as = { key: key.key };
    expect(
      (await adminRequest(server, 'environment_keys', { ...as, body: { environment_id, name: 'k' } })).status,
    ).toBe(404);
    expect((await adminRequest(server, `environment_keys?environment_id=${environment_id}`, as)).status).toBe(404);
    expect((await adminRequest(server, `environment_keys/${made.id}/revoke`, { ...as, body: {} })).status).toBe(404);
  });
});

test('two different valid keys are refused; one of them twice, or beside one that is none, is not', async () => {
  const { key } = await newKey(server);
  const status = async (bearer: string, other: string) => {
    const headers = { authorization: `Bearer ${bearer}`, 'x-api-key': other };
    return (await rawFetch(server, '/v1/agents', { headers })).status;
  };
  expect(await status(key, API_KEY)).toBe(401);
  expect(await status(key, key)).toBe(200);
  expect(await status(key, 'nonsense')).toBe(200);
  expect(await status('nonsense', key)).toBe(200);
});

test('each key has a rate limit of its own', async () => {
  const limited = await startTestServer({ rateLimits: { create: 0, read: 2 } });
  const [first, second] = [await newKey(limited), await newKey(limited)];
  const ask = (key: string) => clientWith(limited, key).beta.agents.list().asResponse();
  await ask(first.key);
  expect((await ask(first.key)).headers.get('anthropic-ratelimit-requests-remaining')).toBe('0');
  await expect(ask(first.key)).rejects.toThrow(/429/);
  expect((await ask(second.key)).headers.get('anthropic-ratelimit-requests-remaining')).toBe('1');
  await limited.stop();
});

test.each([
  ['no JSON', '{'],
  ['a list', '[]'],
  ['null', 'null'],
  ['nothing', ''],
  ['a NUL in a name', '{"name":"a\\u0000b"}'],
  ['half a character in a name', '{"name":"\\ud800"}'],
  ['depth', '['.repeat(10_000)],
  ['a prototype', '{"__proto__":{"scopes":["admin"]},"name":"k"}'],
])('%s is answered, and no fault of the server’s', async (_what, body) => {
  for (const path of ['workspaces', 'api_keys', 'environment_keys', 'api_keys/apikey_none/revoke']) {
    const response = await rawFetch(server, `/drover/${path}`, { method: 'POST', body });
    expect([200, 400, 404]).toContain(response.status);
  }
  expect(server.reported).toEqual([]);
});
