import { setTimeout as sleep } from 'node:timers/promises';
import type { Anthropic } from '@anthropic-ai/sdk';
import { sql } from 'kysely';
import { startTestServer, type TestServer } from '../support/app.js';
import { CLIENT_ID, type OAuthServer, startOAuthServer } from '../support/oauth-server.js';

type ClientAuth = 'none' | 'client_secret_basic' | 'client_secret_post';

let server: TestServer;
let vaults: Anthropic['beta']['vaults'];
let oauth: OAuthServer;
beforeAll(async () => {
  server = await startTestServer();
  vaults = server.client.beta.vaults;
});
afterAll(() => server.stop());
afterEach(() => oauth.stop());

interface Made {
  vault_id: string;
  id: string;
  validate: () => Promise<Anthropic.Beta.Vaults.BetaManagedAgentsCredentialValidation>;
}

async function make(auth: ClientAuth = 'client_secret_post', withRefresh = true): Promise<Made> {
  oauth = await startOAuthServer({ auth });
  const { id: vault_id } = await vaults.create({ display_name: 'v' });
  const client_secret = oauth.clientSecret;
  const refresh = {
    client_id: CLIENT_ID,
    refresh_token: oauth.refreshToken,
    token_endpoint: `${oauth.url}/token`,
    token_endpoint_auth: auth === 'none' ? { type: auth } : { type: auth, client_secret },
    resource: `${oauth.url}/mcp`,
    scope: 'tools',
  };
  const { id } = await vaults.credentials.create(vault_id, {
    auth: {
      type: 'mcp_oauth',
      mcp_server_url: `${oauth.url}/mcp`,
      access_token: oauth.accessToken,
      ...(withRefresh && { refresh }),
    },
  });
  return { vault_id, id, validate: () => vaults.credentials.mcpOAuthValidate(id, { vault_id }) };
}

test('nothing is sent to an address that is not public', async () => {
  const guarded = await startTestServer({ allowPrivate: false });
  vaults = guarded.client.beta.vaults;
  try {
    const { validate } = await make();
    const verdict = await validate();
    expect(verdict).toMatchObject({ status: 'unknown', mcp_probe: { method: 'initialize', http_response: null } });
    expect(oauth.asked).toEqual([]);
  } finally {
    vaults = server.client.beta.vaults;
    await guarded.stop();
  }
});

test('a token that is taken is valid', async () => {
  const { vault_id, id, validate } = await make();
  expect({ ...(await validate()) }).toEqual({
    type: 'vault_credential_validation',
    credential_id: id,
    vault_id,
    validated_at: expect.stringMatching(/Z$/),
    has_refresh_token: true,
    status: 'valid',
    mcp_probe: null,
    refresh: null,
  });
  expect(oauth.asked).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
});

test.each<ClientAuth>(['none', 'client_secret_basic', 'client_secret_post'])(
  'a refused token is refreshed (%s), the new tokens are kept, and refreshed again',
  async (auth) => {
    const { vault_id, id, validate } = await make(auth);
    for (const round of [1, 2]) {
      oauth.expire();
      const before = Date.now();
      expect(await validate()).toMatchObject({
        status: 'valid',
        mcp_probe: null,
        refresh: { status: 'succeeded', http_response: null },
      });
      expect(oauth.forms).toHaveLength(round);
      const stored = await vaults.credentials.retrieve(id, { vault_id });
      const { expires_at } = stored.auth as { expires_at?: string };
      expect(Date.parse(expires_at ?? '') - before).toBeGreaterThan(3_500_000);
    }
    expect(Object.fromEntries(oauth.forms[0] ?? [])).toMatchObject({ scope: 'tools', resource: `${oauth.url}/mcp` });
    expect((await validate()).refresh).toBeNull();
  },
);

test('of twenty that ask at the same time one refreshes for all', async () => {
  const { validate } = await make();
  oauth.expire();
  const verdicts = await Promise.all(Array.from({ length: 20 }, validate));
  expect(verdicts.map(({ status }) => status)).toEqual(Array(20).fill('valid'));
  expect(oauth.forms).toHaveLength(1);
});

test('without a refresh token a refused one is invalid', async () => {
  const { validate } = await make('none', false);
  oauth.expire();
  expect(await validate()).toMatchObject({
    status: 'invalid',
    has_refresh_token: false,
    mcp_probe: { method: 'initialize', http_response: { status_code: 401, content_type: 'application/json' } },
    refresh: { status: 'no_refresh_token', http_response: null },
  });
});

test('P4: a refused refresh is invalid, and what the servers quote of the secrets is blanked', async () => {
  const { vault_id, id, validate } = await make();
  await vaults.credentials.update(id, {
    vault_id,
    auth: { type: 'mcp_oauth', refresh: { refresh_token: 'rt-used-up' } },
  });
  oauth.expire();
  const verdict = await validate();
  expect(verdict).toMatchObject({
    status: 'invalid',
    mcp_probe: {
      http_response: { body: '{"error":"invalid_token","seen":"Bearer [redacted]"}', body_truncated: false },
    },
    refresh: {
      status: 'failed',
      http_response: { status_code: 400, body: '{"error":"invalid_grant","hint":"got [redacted]"}' },
    },
  });
});

test('P4: however a server writes a secret that it quotes, or a new one, it is blanked', async () => {
  const { vault_id, id, validate } = await make('none');
  const token = "at~/a'b(c)";
  await vaults.credentials.update(id, { vault_id, auth: { type: 'mcp_oauth', access_token: token } });
  const form = new URLSearchParams({ t: token }).toString();
  const slashes = JSON.stringify({ t: token }).replaceAll('/', '\\/');
  oauth.answerWith('/mcp', (response) => response.writeHead(401).end(`${form} ${slashes}`));
  // Not as RFC 6749 has it: refused, but it was a success to them.
  const news = [
    'access_token=new-1/x&refresh_token=new-2&scope=tools',
    `"{\\"access_token\\": \\"new-3\\/x\\"}"`,
    `{"refresh_token":"new-4'\\/x","id_token": "new-5"}`,
  ];
  oauth.answerWith('/token', (response) => response.writeHead(200).end(news.join('\n')));
  const { mcp_probe, refresh } = await validate();
  expect(mcp_probe?.http_response?.body).toBe('t=[redacted] {"t":"[redacted]"}');
  expect(refresh?.http_response?.body).toBe(
    [
      'access_token=[redacted]&refresh_token=[redacted]&scope=tools',
      `"{\\"access_token\\": \\"[redacted]\\"}"`,
      `{"refresh_token":"[redacted]","id_token": "[redacted]"}`,
    ].join('\n'),
  );
});

test('a long answer is cut, without half a secret at its end', async () => {
  const { validate } = await make('none', false);
  const token = oauth.accessToken;
  oauth.answerWith('/mcp', (response) =>
    response.writeHead(403, { 'content-type': 'text/plain' }).end(token.repeat(5_000)),
  );
  const { status, mcp_probe, refresh } = await validate();
  expect([status, refresh]).toEqual(['invalid', null]);
  expect(mcp_probe?.http_response?.body_truncated).toBe(true);
  expect(mcp_probe?.http_response?.body.replaceAll('[redacted]', '')).toMatch(/^.{0,20}$/);
  expect(mcp_probe?.http_response?.body).not.toContain(token.slice(0, 8));
  oauth.answerWith('/mcp', (response) =>
    response.writeHead(403, { 'content-type': 'text/plain' }).end('x'.repeat(5_000)),
  );
  expect((await validate()).mcp_probe?.http_response).toMatchObject({ body: 'x'.repeat(4_096), body_truncated: true });
});

test.each([429, 500, 503, 404, 302])(
  'a server that answers %d says nothing of the token: unknown',
  async (status_code) => {
    const { validate } = await make();
    oauth.answerWith('/mcp', (response) => response.writeHead(status_code, { location: '/elsewhere' }).end('busy'));
    expect(await validate()).toMatchObject({
      status: 'unknown',
      mcp_probe: { method: 'initialize', http_response: { status_code, body: 'busy' } },
      refresh: null,
    });
  },
);

test('a server that is not there, or is no MCP server: unknown', async () => {
  const { validate } = await make();
  oauth.answerWith('/mcp', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  expect(await validate()).toMatchObject({ status: 'unknown', mcp_probe: { http_response: { status_code: 200 } } });
  oauth.answerWith('/mcp', (response) => response.destroy());
  expect(await validate()).toMatchObject({
    status: 'unknown',
    mcp_probe: { method: 'initialize', http_response: null },
    refresh: null,
  });
});

test('a token endpoint that is busy or not there: unknown', async () => {
  const { validate } = await make();
  oauth.expire();
  oauth.answerWith('/token', (response) => response.writeHead(503).end());
  expect(await validate()).toMatchObject({ status: 'unknown', refresh: { status: 'failed' } });
  oauth.answerWith('/token', (response) => response.destroy());
  expect(await validate()).toMatchObject({
    status: 'unknown',
    refresh: { status: 'connect_error', http_response: null },
  });
});

test('a new token that could not be tried: unknown; that is refused too: invalid', async () => {
  const { validate } = await make();
  let tries = 0;
  oauth.answerWith('/mcp', (response) => (tries++ === 0 ? response.writeHead(401).end() : response.destroy()));
  expect(await validate()).toMatchObject({ status: 'unknown', refresh: { status: 'succeeded' } });
  oauth.answerWith('/mcp', (response) => response.writeHead(401).end());
  expect(await validate()).toMatchObject({ status: 'invalid', refresh: { status: 'succeeded' } });
});

test('what was archived while its token was refreshed stays purged', async () => {
  const { vault_id, id, validate } = await make();
  oauth.expire();
  oauth.answerWith('/token', (response) => {
    void vaults.credentials
      .archive(id, { vault_id })
      .then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"at-late"}'));
  });
  expect(await validate()).toMatchObject({ refresh: { status: 'succeeded' } });
  const row = await server.db.selectFrom('vault_credentials').selectAll().where('id', '=', id).executeTakeFirst();
  expect(row).toMatchObject({ key_id: null, secret: null, target: null });
  expect(await validate()).toMatchObject({
    status: 'invalid',
    has_refresh_token: false,
    mcp_probe: null,
    refresh: null,
  });
});

function rename(from: string, to: string) {
  return sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(server.db);
}

test('new tokens are kept though the store fails at first: the old ones are gone', async () => {
  const { validate } = await make();
  oauth.expire();
  oauth.answerWith('/token', (response) => {
    void rename('vault_credentials', 'away')
      .then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"at-new"}'))
      .then(() => sleep(200))
      .then(() => rename('away', 'vault_credentials'));
  });
  const seen: (string | undefined)[] = [];
  oauth.answerWith('/mcp', (response) => {
    seen.push(response.req.headers.authorization);
    response.writeHead(401).end();
  });
  expect(await validate()).toMatchObject({ refresh: { status: 'succeeded' } });
  oauth.answerWith('/token', (response) => response.writeHead(400).end());
  await validate();
  expect(seen.slice(1)).toEqual(['Bearer at-new', 'Bearer at-new']);
});

test('a refresh that fails because other tokens were given meanwhile has not failed', async () => {
  const { vault_id, id, validate } = await make();
  await server.catalog.webhooks.create({
    url: 'https://example.com/',
    enabled_events: ['vault_credential.refresh_failed'],
  });
  const { accessToken } = oauth;
  oauth.answerWith('/mcp', (response) => response.writeHead(401).end());
  oauth.answerWith('/token', (response) => {
    oauth.answerWith('/mcp', undefined);
    const auth = { type: 'mcp_oauth', access_token: accessToken } as const;
    void vaults.credentials.update(id, { vault_id, auth }).then(() => response.writeHead(400).end());
  });
  await vaults.credentials.update(id, { vault_id, auth: { type: 'mcp_oauth', access_token: 'at-old' } });
  expect(await validate()).toMatchObject({ status: 'valid', refresh: { status: 'succeeded' } });
  expect(await server.db.selectFrom('webhook_outbox').selectAll().execute()).toEqual([]);
});

test('the other types have nothing to validate: 400', async () => {
  const { vault_id } = await make();
  const auth = { type: 'static_bearer', token: 't', mcp_server_url: 'https://example.com' } as const;
  const { id } = await vaults.credentials.create(vault_id, { auth });
  await expect(vaults.credentials.mcpOAuthValidate(id, { vault_id })).rejects.toThrow(
    /400.*credential_id: .*mcp_oauth/,
  );
});
