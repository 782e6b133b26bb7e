import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { directoryOf, STORE } from '../support/database.js';
import { CLIENT_ID, type OAuthServer, startOAuthServer } from '../support/oauth-server.js';
import { filesBelow, findPlanted, formsOf } from '../support/planted.js';

let server: TestServer;
let oauth: OAuthServer;
const secrets: string[] = [];
const answers: Record<string, string> = {};
const statuses: number[] = [];
beforeAll(async () => {
  server = await startTestServer();
  oauth = await startOAuthServer({ auth: 'client_secret_basic' });
  secrets.push(oauth.accessToken, oauth.refreshToken, oauth.clientSecret);
});
afterAll(async () => {
  await oauth.stop();
  await server.stop();
});

/** A new one, with characters that every encoding writes differently. */
function plant(): string {
  const secret = `s+/=&"%${randomBytes(24).toString('hex')}~end`;
  secrets.push(secret);
  return secret;
}

async function send(path: string, body?: unknown): Promise<{ id: string }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await rawFetch(server, path, { method: 'POST', ...(text !== undefined && { body: text }) });
  const answer = await response.text();
  statuses.push(response.status);
  answers[`answer ${statuses.length} to ${path}`] = answer + JSON.stringify([...response.headers]);
  return JSON.parse(answer);
}

async function get(path: string): Promise<void> {
  answers[`GET ${path}`] = await (await rawFetch(server, path)).text();
}

async function list(path: string): Promise<{ data: { id: string }[] }> {
  await get(path);
  return JSON.parse(answers[`GET ${path}`] ?? '');
}

const HOST = 'https://mcp.example.com/';
const bearer = (n: number) => ({ type: 'static_bearer', mcp_server_url: HOST + n, token: plant() });
const variable = (secret_name: string) => ({
  type: 'environment_variable',
  secret_name,
  secret_value: plant(),
  networking: { type: 'unrestricted' },
});
const refresh = () => ({
  client_id: CLIENT_ID,
  refresh_token: plant(),
  token_endpoint: `${oauth.url}/token`,
  token_endpoint_auth: { type: 'client_secret_basic', client_secret: plant() },
});
const mcpOAuth = (n: number) => ({
  type: 'mcp_oauth',
  mcp_server_url: HOST + n,
  access_token: plant(),
  refresh: refresh(),
});

test('P4: no secret is found in any file, answer or report, in plain or encoded', async () => {
  const { id: vault } = await send('/v1/vaults', { display_name: 'canary-1' });
  const all = `/v1/vaults/${vault}/credentials`;
  await writeGood(all);
  await writeBad(vault, all);
  await validate(all);
  await breakDown(all);
  await writeRepositories();
  await get(all);
  await get(`${all}?include_archived=true&limit=100`);
  for (const status of [200, 400, 404, 409, 500]) expect(statuses).toContain(status);
  expect(secrets.length).toBeGreaterThan(25);

  const files = { ...filesBelow(server.dir), ...filesBelow(await directoryOf(server.place)) };
  expect(findPlanted(secrets, { ...files, ...answers, reports: inspect(server.reported, { depth: 10 }) })).toEqual([]);
  // What is no secret is found there, so it was the right place to look, before and after it left the journal.
  expect(findPlanted(['canary-1'], files)).not.toEqual([]);
  const databases = STORE === 'sqlite' ? ['catalog.db', 'catalog.db-wal', 'projection.db'] : ['pg_filenode.map'];
  expect(Object.keys(files)).toEqual(expect.arrayContaining(['vault-key', ...databases]));
  await server.db.destroy();
  expect(findPlanted(secrets, filesBelow(server.dir))).toEqual([]);
  expect(findPlanted(secrets, filesBelow(await directoryOf(server.place)))).toEqual([]);
});

/** Every write that carries a secret. */
async function writeGood(all: string): Promise<void> {
  const first = await send(all, { auth: bearer(1) });
  await send(`${all}/${first.id}`, { auth: { type: 'static_bearer', token: plant() } });
  const second = await send(all, { auth: variable('A') });
  await send(`${all}/${second.id}`, { auth: { type: 'environment_variable', secret_value: plant() } });
  const third = await send(all, { auth: mcpOAuth(2) });
  const { client_id: _, token_endpoint: _endpoint, ...change } = refresh();
  await send(`${all}/${third.id}`, { auth: { type: 'mcp_oauth', access_token: plant(), refresh: change } });
  expect(statuses.every((status) => status === 200)).toBe(true);
  await send(`${all}/${second.id}/archive`);
}

/** Tokens of a session's repositories. */
async function writeRepositories(): Promise<void> {
  const agent = await send('/v1/agents', { name: 'a', model: 'm' });
  const environment = await send('/v1/environments', { name: 'e' });
  const repository = () => ({
    type: 'github_repository',
    url: 'https://github.com/octo/cat',
    authorization_token: plant(),
  });
  const parts = { agent: agent.id, environment_id: environment.id };
  const session = await send('/v1/sessions', { ...parts, resources: [repository()] });
  await send('/v1/sessions', { ...parts, resources: [repository(), repository()] });
  await send('/v1/sessions', { ...parts, resources: [{ ...repository(), url: `https://${plant()}@github.com/o/r` }] });
  const { data } = await list(`/v1/sessions/${session.id}/resources`);
  expect(data).toHaveLength(1);
  const resource = `/v1/sessions/${session.id}/resources/${data[0]?.id}`;
  await send(resource, { authorization_token: plant() });
  await send(resource, { authorization_token: [plant()] });
  await get(resource);
  await get(`/v1/sessions/${session.id}`);
}

/** The same, refused for every kind of reason. */
async function writeBad(vault: string, all: string): Promise<void> {
  const wrong = plant();
  await send(all, { auth: bearer(1) });
  await send('/v1/vaults/vlt_none/credentials', { auth: bearer(3) });
  await send(all, { auth: { ...bearer(4), token: `${plant()}\n` } });
  await send(all, { auth: { ...bearer(4), type: plant() } });
  await send(all, { auth: { ...bearer(4), mcp_server_url: `https://u:${encodeURIComponent(plant())}@a.com` } });
  await send(all, { auth: { ...bearer(4), [plant()]: 'x' } });
  await send(all, { auth: { ...variable('B'), networking: { type: 'limited', allowed_hosts: [plant()] } } });
  await send(all, { auth: { ...variable('B'), secret_name: plant() } });
  await send(all, { auth: { ...mcpOAuth(5), expires_at: plant() } });
  await send(all, { auth: plant() });
  await send(all, { [plant()]: 1 });
  await send(all, `{"auth":{"type":"static_bearer","token":"${wrong}"`);
  await send(all, JSON.stringify(wrong));
  await send(`${all}/vcrd_none`, { auth: { type: 'static_bearer', token: plant() } });
  await send(`/v1/vaults/${vault}`, { display_name: 'v', metadata: { a: [plant()] } });
}

/** At servers that repeat what they are sent. */
async function validate(all: string): Promise<void> {
  const auth = {
    ...mcpOAuth(6),
    mcp_server_url: `${oauth.url}/mcp`,
    access_token: oauth.accessToken,
    refresh: {
      ...refresh(),
      refresh_token: oauth.refreshToken,
      token_endpoint_auth: { type: 'client_secret_basic', client_secret: oauth.clientSecret },
    },
  };
  const { id } = await send(all, { auth });
  oauth.expire();
  expect(await send(`${all}/${id}/mcp_oauth_validate`)).toMatchObject({ status: 'valid' });
  secrets.push(oauth.accessToken, oauth.refreshToken);
  await send(`${all}/${id}`, { auth: { type: 'mcp_oauth', refresh: { refresh_token: plant() } } });
  oauth.expire();
  expect(await send(`${all}/${id}/mcp_oauth_validate`)).toMatchObject({ status: 'invalid' });
}

/** An error of the server's own, with a secret in hand. */
async function breakDown(all: string): Promise<void> {
  const { id } = await send(all, { auth: bearer(7) });
  const spoiled = { secret: Buffer.alloc(100) };
  await server.db.updateTable('vault_credentials').set(spoiled).where('id', '=', id).execute();
  await send(`${all}/${id}`, { auth: { type: 'static_bearer', token: plant() } });
  expect(server.reported).toHaveLength(1);
}

test('the search finds each form', () => {
  const [secret] = ['s+/=&"%planted~end'];
  for (const shift of ['', 'a', 'ab', 'abc']) {
    const text = Buffer.from(`${shift}${secret}zz`);
    for (const content of [text, text.toString('base64'), text.toString('base64url'), text.toString('hex')]) {
      expect(findPlanted([secret ?? ''], { here: content })).not.toEqual([]);
    }
  }
  expect(
    findPlanted([secret ?? ''], { a: encodeURIComponent(secret ?? ''), b: JSON.stringify({ secret }) }),
  ).toHaveLength(2);
  expect(formsOf('planted')).toContain('planted');
});
