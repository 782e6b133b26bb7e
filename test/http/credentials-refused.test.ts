import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { type Auth, BEARER, OAUTH, VARIABLE } from '../support/credentials.js';

let server: TestServer;
let vaults: Anthropic['beta']['vaults'];
let vault_id: string;
beforeAll(async () => {
  server = await startTestServer();
  vaults = server.client.beta.vaults;
  vault_id = (await vaults.create({ display_name: 'v' })).id;
});
afterAll(() => server.stop());

const create = (auth: Auth) => vaults.credentials.create(vault_id, { auth });
const fault = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'no error',
    (error: unknown) => (error instanceof BadRequestError ? String(error) : `another: ${String(error)}`),
  );

test.each<[string, object, RegExp]>([
  ['an unknown type', { type: 'password' }, /auth\.type: /],
  ['no token', { token: undefined }, /auth\.token: is required/],
  ['an empty token', { token: '' }, /auth\.token: /],
  ['a token with a line break', { token: 'a\r\nx: y' }, /auth\.token: .*header/],
  ['no URL', { mcp_server_url: undefined }, /auth\.mcp_server_url: is required/],
  ['a URL of another kind', { mcp_server_url: 'ftp://example.com' }, /auth\.mcp_server_url: /],
  ['a URL with a password', { mcp_server_url: 'https://u:p@example.com' }, /auth\.mcp_server_url: /],
  ['a field that is not known', { tokn: 't' }, /auth: has a field that is not one of: type, mcp_server_url, token/],
])('create with %s is 400', async (_what, change, message) => {
  expect(await fault(create({ ...BEARER, ...change }))).toMatch(message);
  expect((await vaults.credentials.list(vault_id)).data).toEqual([]);
});

test.each<[string, object, RegExp]>([
  ['a time that has gone by', { expires_at: '2020-01-01T00:00:00Z' }, /auth\.expires_at: must be in the future/],
  ['no time', { expires_at: 'tomorrow' }, /auth\.expires_at: /],
  ['a time without seconds', { expires_at: '2099-01-01T00:00Z' }, /auth\.expires_at: must be a timestamp/],
  ['a time in the year 10000', { expires_at: '9999-12-31T23:59:59-01:00' }, /auth\.expires_at: must be a timestamp/],
  ['half a refresh', { refresh: { client_id: 'c' } }, /auth\.refresh\./],
  [
    'an unknown way to the token endpoint',
    { refresh: { ...OAUTH.refresh, token_endpoint_auth: { type: 'jwt' } } },
    /auth\.refresh\.token_endpoint_auth\.type: /,
  ],
  [
    'no client secret',
    { refresh: { ...OAUTH.refresh, token_endpoint_auth: { type: 'client_secret_basic' } } },
    /auth\.refresh\.token_endpoint_auth\.client_secret: is required/,
  ],
])('create of mcp_oauth with %s is 400', async (_what, change, message) => {
  expect(await fault(create({ ...OAUTH, ...change }))).toMatch(message);
});

const limited = (...allowed_hosts: string[]) => ({ networking: { type: 'limited', allowed_hosts } });
test.each<[string, object, RegExp]>([
  ['a name that is none', { secret_name: 'A-B' }, /auth\.secret_name: /],
  ['an empty value', { secret_value: '' }, /auth\.secret_value: /],
  ['no networking', { networking: undefined }, /auth\.networking: is required/],
  [
    '17 hosts',
    limited(...Array.from({ length: 17 }, (_, n) => `h${n}.example.com`)),
    /auth\.networking\.allowed_hosts: /,
  ],
  ...['https://a.com', 'a.com:443', 'a.com/x', '[::1]', '::1', '*', 'a.*.com', '999.1.1.1', '*.10.0.0.1', ''].map(
    (host): [string, object, RegExp] => [`host ${host}`, limited(host), /auth\.networking\.allowed_hosts\.0: /],
  ),
  ['no place', { injection_location: {} }, /auth\.injection_location: /],
  ['no place at all', { injection_location: { body: false, header: false } }, /auth\.injection_location: /],
])('create of environment_variable with %s is 400', async (_what, change, message) => {
  expect(await fault(create({ ...VARIABLE, ...change }))).toMatch(message);
});

test('a long name is 400', async () => {
  const params = { auth: BEARER, display_name: 'x'.repeat(256) };
  expect(await fault(vaults.credentials.create(vault_id, params))).toMatch(/display_name: /);
});
