import { type Anthropic, BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { type Auth, BEARER, OAUTH, URL, VARIABLE, variable } from '../support/credentials.js';

type Update = Omit<Anthropic.Beta.Vaults.CredentialUpdateParams, 'vault_id'>;

let server: TestServer;
let vaults: Anthropic['beta']['vaults'];
let vault_id: string;
beforeAll(async () => {
  server = await startTestServer();
  vaults = server.client.beta.vaults;
});
beforeEach(async () => {
  vault_id = (await vaults.create({ display_name: 'v' })).id;
});
afterAll(() => server.stop());

const create = (auth: Auth) => vaults.credentials.create(vault_id, { auth });
const update = (id: string, change: Update) => vaults.credentials.update(id, { vault_id, ...change });
const fault = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'no error',
    (error: unknown) => (error instanceof BadRequestError ? String(error) : `another: ${String(error)}`),
  );

test('static_bearer: all but the token comes back', async () => {
  const metadata = { a: 'b' };
  const credential = await vaults.credentials.create(vault_id, { auth: BEARER, display_name: 'd', metadata });
  expect({ ...credential }).toEqual({
    type: 'vault_credential',
    id: expect.stringMatching(/^vcrd_\w{24}$/),
    vault_id,
    display_name: 'd',
    auth: { type: 'static_bearer', mcp_server_url: URL },
    metadata,
    created_at: expect.stringMatching(/Z$/),
    updated_at: credential.created_at,
    archived_at: null,
  });
  expect(await vaults.credentials.retrieve(credential.id, { vault_id })).toEqual(credential);
});

test('mcp_oauth: all but three secrets comes back', async () => {
  const { client_id, token_endpoint, resource, scope } = OAUTH.refresh;
  expect((await create(OAUTH)).auth).toEqual({
    type: 'mcp_oauth',
    mcp_server_url: URL,
    expires_at: '2098-12-31T23:00:00.000Z',
    refresh: { client_id, token_endpoint, resource, scope, token_endpoint_auth: { type: 'client_secret_post' } },
  });
});

test('mcp_oauth with a token alone: it does not expire and is not refreshed', async () => {
  const auth = { type: 'mcp_oauth', mcp_server_url: URL, access_token: 'a' } as const;
  expect((await create(auth)).auth).toEqual({ type: 'mcp_oauth', mcp_server_url: URL, refresh: null });
});

test('environment_variable: places are both unless said, hosts as said', async () => {
  expect((await create(VARIABLE)).auth).toEqual({
    type: 'environment_variable',
    secret_name: 'API_KEY',
    networking: { type: 'unrestricted' },
    injection_location: { body: true, header: true },
  });
  const networking = { type: 'limited' as const, allowed_hosts: ['api.example.com', '192.0.2.1', '*.example.org'] };
  const other = { ...VARIABLE, secret_name: 'B', networking, injection_location: { header: true } };
  expect((await create(other)).auth).toMatchObject({ networking, injection_location: { body: false, header: true } });
});

test('one active credential for a server or a name: 409, that no repetition mends', async () => {
  const { id } = await create(BEARER);
  for (const mcp_server_url of [URL, `${URL}/`, 'HTTPS://MCP.example.com:443/mcp']) {
    const error = await create({ ...OAUTH, mcp_server_url }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ error: { error: { type: 'conflict_error' } } });
    expect((error as ConflictError).headers.get('x-should-retry')).toBe('false');
    expect(String(error)).toContain('auth.mcp_server_url: ');
  }
  for (const mcp_server_url of [`${URL}2`, 'https://mcp.example.com:444/mcp', 'http://mcp.example.com/mcp']) {
    await create({ ...BEARER, mcp_server_url });
  }
  await create(VARIABLE);
  await expect(create(VARIABLE)).rejects.toThrow(/409.*auth\.secret_name: /);
  const { id: other } = await vaults.create({ display_name: 'w' });
  await vaults.credentials.create(other, { auth: BEARER });

  await vaults.credentials.archive(id, { vault_id });
  await create(BEARER);
});

test('twenty at the most, archived ones not counted', async () => {
  const { id } = await create(variable(0));
  for (let n = 1; n < 20; n++) await create(variable(n));
  expect(await fault(create(variable(20)))).toMatch(/vault_id: .*20 credentials/);
  await vaults.credentials.archive(id, { vault_id });
  await create(variable(20));
});

test('a URL may be as long as it may be, and is still one of a kind', async () => {
  // So varied that no store makes it short.
  const path = Array.from({ length: 2_000 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7_919) % 20_000)));
  const auth = { ...BEARER, mcp_server_url: `https://a.example/${path.join('')}` };
  const { id } = await create(auth);
  await create({ ...auth, mcp_server_url: `${auth.mcp_server_url}x` });
  const refused = await create(auth).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConflictError);
  expect(String(refused)).toContain(id);
});

test('creates at the same time do not slip past either rule', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => create(BEARER)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const more = Array.from({ length: 30 }, (_, n) => create(variable(n)));
  expect((await Promise.allSettled(more)).filter(({ status }) => status === 'fulfilled')).toHaveLength(19);
});

test('update: names and metadata', async () => {
  const { id, updated_at } = await create(BEARER);
  expect((await update(id, {})).updated_at).toBe(updated_at);
  expect(await update(id, { display_name: 'x', metadata: { a: '1' } })).toMatchObject({ display_name: 'x' });
  expect(await update(id, { display_name: null, metadata: { a: null } })).toMatchObject({
    display_name: null,
    metadata: {},
  });
  expect(await fault(update(id, { display_name: '' }))).toMatch(/display_name: /);
});

test.each<[Auth, Update['auth'] | object, RegExp]>([
  [BEARER, { type: 'mcp_oauth' }, /auth\.type: .*cannot change/],
  [BEARER, { type: 'static_bearer', mcp_server_url: URL }, /auth\.mcp_server_url: cannot be changed/],
  [OAUTH, { type: 'mcp_oauth', mcp_server_url: URL }, /auth\.mcp_server_url: cannot be changed/],
  [OAUTH, { type: 'mcp_oauth', refresh: { client_id: 'x' } }, /auth\.refresh\.client_id: cannot be changed/],
  [OAUTH, { type: 'mcp_oauth', refresh: { token_endpoint: 'x' } }, /auth\.refresh\.token_endpoint: cannot be changed/],
  [OAUTH, { type: 'mcp_oauth', expires_at: '2020-01-01T00:00:00Z' }, /auth\.expires_at: must be in the future/],
  [VARIABLE, { type: 'environment_variable', secret_name: 'X' }, /auth\.secret_name: cannot be changed/],
  [VARIABLE, { type: 'environment_variable', injection_location: null }, /auth\.injection_location: /],
  [VARIABLE, { type: 'environment_variable', injection_location: { body: null } }, /auth\.injection_location\.body: /],
  [
    VARIABLE,
    { type: 'environment_variable', injection_location: { body: false, header: false } },
    /auth\.injection_location: /,
  ],
])('what cannot be changed (%#)', async (auth, change, message) => {
  const before = await create(auth);
  expect(await fault(update(before.id, { auth: change } as Update))).toMatch(message);
  expect(await vaults.credentials.retrieve(before.id, { vault_id })).toEqual(before);
});

test('update of mcp_oauth: a new token keeps the old expiry, "" clears the scope, null what may be without', async () => {
  const { id, auth: before } = await create(OAUTH);
  const auth = async (change: object) => (await update(id, { auth: { type: 'mcp_oauth', ...change } })).auth;
  expect(await auth({ access_token: 'new' })).toEqual(before);
  expect(await auth({ expires_at: '2100-01-01T00:00:00Z' })).toMatchObject({ expires_at: '2100-01-01T00:00:00.000Z' });
  const secret = { token_endpoint_auth: { type: 'client_secret_basic', client_secret: 'new' }, scope: '' };
  expect(await auth({ refresh: secret })).toMatchObject({
    refresh: { scope: null, resource: URL, token_endpoint_auth: { type: 'client_secret_post' } },
  });
  expect(await auth({ expires_at: null })).not.toHaveProperty('expires_at');
  expect(await auth({ refresh: null })).toMatchObject({ refresh: null });
  expect(await fault(auth({ refresh: { scope: 'x' } }))).toMatch(/auth\.refresh: /);
});

test('a client without a secret cannot be given one', async () => {
  const refresh = { ...OAUTH.refresh, token_endpoint_auth: { type: 'none' as const } };
  const { id } = await create({ ...OAUTH, refresh });
  const change = { token_endpoint_auth: { type: 'client_secret_post' as const, client_secret: 'x' } };
  expect(await fault(update(id, { auth: { type: 'mcp_oauth', refresh: change } }))).toMatch(
    /auth\.refresh\.token_endpoint_auth: /,
  );
});

test('update of environment_variable: networking is replaced whole, places are merged', async () => {
  const networking = { type: 'limited' as const, allowed_hosts: ['a.example.com'] };
  const { id } = await create({ ...VARIABLE, networking });
  const auth = async (change: object) => (await update(id, { auth: { type: 'environment_variable', ...change } })).auth;
  expect(await auth({ injection_location: { body: false } })).toMatchObject({
    networking,
    injection_location: { body: false, header: true },
  });
  expect(await auth({ networking: null, secret_value: 'new' })).toMatchObject({ networking });
  expect(await auth({ networking: { type: 'unrestricted' } })).toMatchObject({ networking: { type: 'unrestricted' } });
});

test('lists are newest first, in pages, without the archived ones unless asked for', async () => {
  const made: string[] = [];
  for (let n = 0; n < 7; n++) made.unshift((await create(variable(n))).id);
  await vaults.credentials.archive(made[2] ?? '', { vault_id });
  const seen = async (include_archived: boolean) => {
    const ids: string[] = [];
    for await (const { id } of vaults.credentials.list(vault_id, { limit: 2, include_archived })) ids.push(id);
    return ids;
  };
  expect(await seen(true)).toEqual(made);
  expect(await seen(false)).toEqual(made.filter((_, n) => n !== 2));
  const { next_page: page } = await vaults.credentials.list(vault_id, { limit: 1 });
  await expect(vaults.list({ page })).rejects.toThrow(/not a cursor/);
  await expect(vaults.credentials.list(vault_id, { limit: 101 })).rejects.toThrow(/400.*limit: /);
});

test('a credential is found in its own vault only', async () => {
  const { id } = await create(BEARER);
  const elsewhere = { vault_id: (await vaults.create({ display_name: 'w' })).id };
  const { credentials } = vaults;
  await expect(credentials.retrieve(id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(credentials.update(id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(credentials.archive(id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(credentials.delete(id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(credentials.mcpOAuthValidate(id, elsewhere)).rejects.toThrow(NotFoundError);
  await expect(credentials.create('vlt_none', { auth: BEARER })).rejects.toThrow(NotFoundError);
});

test('archive purges the secret, frees the place, and makes it read-only', async () => {
  const { id } = await create(BEARER);
  const archived = await vaults.credentials.archive(id, { vault_id });
  expect(archived.archived_at).not.toBeNull();
  expect({ ...(await vaults.credentials.archive(id, { vault_id })) }).toEqual({ ...archived });
  expect(await fault(update(id, { display_name: 'x' }))).toMatch(/credential_id: .*archived/);
  expect(await rowsOf(vault_id)).toEqual([{ id, target: null, key_id: null, secret: null }]);
});

test('archiving a vault does the same to all of its credentials; deleting it leaves nothing', async () => {
  const first = await create(BEARER);
  const second = await create(VARIABLE);
  expect((await rowsOf(vault_id)).every(({ secret }) => secret !== null)).toBe(true);
  const { archived_at } = await vaults.archive(vault_id);
  for (const { id } of [first, second]) {
    expect(await vaults.credentials.retrieve(id, { vault_id })).toMatchObject({ archived_at });
  }
  expect((await rowsOf(vault_id)).every(({ key_id, secret }) => key_id === null && secret === null)).toBe(true);
  await vaults.delete(vault_id);
  expect(await rowsOf(vault_id)).toEqual([]);
});

test('delete is for good', async () => {
  const { id } = await create(BEARER);
  expect({ ...(await vaults.credentials.delete(id, { vault_id })) }).toEqual({ id, type: 'vault_credential_deleted' });
  await expect(vaults.credentials.delete(id, { vault_id })).rejects.toThrow(NotFoundError);
  expect(await rowsOf(vault_id)).toEqual([]);
  await create(BEARER);
});

function rowsOf(id: string) {
  const columns = ['id', 'target', 'key_id', 'secret'] as const;
  return server.db.selectFrom('vault_credentials').select(columns).where('vault_id', '=', id).execute();
}
