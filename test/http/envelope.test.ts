import net from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import Anthropic, { AuthenticationError, NotFoundError } from '@anthropic-ai/sdk';
import { ApiError } from '../../src/api-error.js';
import { ROUTES } from '../../src/http/routes.js';
import { API_KEY, rawFetch, SECOND_API_KEY, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(() => server.stop());
afterEach(() => server.session.fail(null));

describe('keys', () => {
  test('without a key: 401 and nothing else, on every path but /health', async () => {
    const paths = ROUTES.map(([method, path]) => [method, path.replaceAll(/:\w+/g, 'x')] as const);
    for (const [method, path] of [
      ...paths,
      ['GET', '/'],
      ['GET', '/nothing'],
      ['OPTIONS', '/v1/agents'],
      ['GET', '/%zz'],
    ]) {
      const response = await fetch(`${server.url}${path}`, { method });
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get('anthropic-workspace-id')).toBeNull();
      expect(await response.json()).toEqual({
        type: 'error',
        error: { type: 'authentication_error', message: 'An API key is required.' },
        request_id: response.headers.get('request-id'),
      });
    }
  });

  test('a wrong key is refused with the SDK’s class for it', async () => {
    const client = new Anthropic({ apiKey: 'sk-ant-wrong', baseURL: server.url, maxRetries: 0 });
    await expect(client.beta.agents.list()).rejects.toThrow(AuthenticationError);
  });

  test.each([
    ['x-api-key, as the Python SDK sends it', { 'x-api-key': API_KEY }, 200],
    ['a bearer in lower case', { authorization: `bearer ${API_KEY}` }, 200],
    ['both, equal', { authorization: `Bearer ${API_KEY}`, 'x-api-key': API_KEY }, 200],
    ['both, one of them valid', { authorization: 'Bearer nonsense', 'x-api-key': API_KEY }, 200],
    ['both valid and different', { authorization: `Bearer ${API_KEY}`, 'x-api-key': SECOND_API_KEY }, 401],
    ['no scheme', { authorization: API_KEY }, 401],
    ['a prefix of the key', { 'x-api-key': API_KEY.slice(0, -1) }, 401],
    ['an empty key', { 'x-api-key': '' }, 401],
  ])('%s', async (_what, headers, status) => {
    const response = await fetch(`${server.url}/v1/agents?beta=true`, { headers: { ...headers } });
    expect(response.status).toBe(status);
  });

  test('/health needs none, and shows no more than it should', async () => {
    const response = await fetch(`${server.url}/health?x=1`);
    expect(await response.json()).toEqual({ status: 'ok', version: '0.0.0-test' });
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(response.headers.get('anthropic-workspace-id')).toBeNull();
  });
});

describe('headers', () => {
  test('every response says who it is for', async () => {
    const { response } = await server.client.beta.agents.list().withResponse();
    expect(response.headers.get('request-id')).toMatch(/^req_\w{24}$/);
    expect(response.headers.get('anthropic-organization-id')).toBeTruthy();
    expect(response.headers.get('anthropic-workspace-id')).toBe('wrkspc_default');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  });

  test('the SDK finds the request id on the object', async () => {
    const agent = await server.client.beta.agents.create({ name: 'a', model: 'm' });
    expect(Reflect.get(agent, '_request_id')).toMatch(/^req_/);
  });

  test('unknown headers, versions and betas do not matter', async () => {
    const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'what,ever', 'x-stainless-lang': 'go' };
    expect((await rawFetch(server, '/v1/agents?beta=true', { headers })).status).toBe(200);
  });
});

describe('requests that are no requests', () => {
  test('unknown paths and methods are 404 with the envelope', async () => {
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['GET', '/'],
      ['PUT', '/v1/agents'],
      ['HEAD', '/v1/agents'],
      ['GET', `/v1/agents/${'x'.repeat(1000)}`],
    ] as const) {
      const response = await rawFetch(server, path, { method });
      expect([path, response.status]).toEqual([path, 404]);
    }
    await expect(server.client.get('/v1/nothing')).rejects.toThrow(NotFoundError);
  });

  test('a path that is no path is 400', async () => {
    const response = await rawFetch(server, '/v1/agents/%zz');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
  });

  test.each([
    ['broken JSON', '{"name":', 'not valid JSON'],
    ['no object', '[1]', 'expected object'],
    ['nothing at all', '', 'expected object|required'],
    ['a prototype', '{"name":"a","model":"m","metadata":{"__proto__":"x"}}', '__proto__'],
    ['deep nesting', `{"tools":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nested'],
  ])('%s is 400', async (_what, body, message) => {
    const response = await post('/v1/agents', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringMatching(message) },
    });
  });

  test.each(['application/json', 'application/json, application/json', 'application/x-www-form-urlencoded', ''])(
    'JSON is JSON, called "%s"',
    async (type) => {
      const response = await post(
        '/v1/agents',
        '{"name":"a","model":"m"}',
        type === '' ? {} : { 'content-type': type },
      );
      expect(response.status).toBe(200);
    },
  );

  describe('bodies in other bytes', () => {
    test.each([
      ['gzip', gzipSync],
      ['GZIP', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['zstd', zstdCompressSync],
      ['identity', (body: Buffer) => body],
    ])('a content-encoding of %s is undone', async (encoding, encode) => {
      const response = await sendBytes(encode(agentBytes('ü')), { 'content-encoding': encoding });
      expect([response.status, await response.json()]).toMatchObject([200, { name: 'ü' }]);
    });

    test.each([
      ['one that nobody knows', 'lzw', agentBytes('a'), 400, 'request_body_encoding_unsupported'],
      ['two of them', 'gzip, gzip', gzipSync(gzipSync(agentBytes('a'))), 400, 'request_body_encoding_unsupported'],
      ['what it is not', 'gzip', agentBytes('a'), 400, 'request_body_encoding_invalid'],
      ['what breaks off', 'gzip', gzipSync(agentBytes('a')).subarray(0, 20), 400, 'request_body_encoding_invalid'],
      ['what swells', 'gzip', gzipSync(Buffer.alloc(33 * 1024 * 1024)), 413, 'request_body_too_large_after_decoding'],
    ])('%s is refused, with the SDK’s code for it', async (_what, encoding, body, status, error_code) => {
      const response = await sendBytes(body, { 'content-encoding': encoding });
      expect([response.status, await response.json()]).toMatchObject([status, { error: { details: { error_code } } }]);
    });

    test('a form has to come as it is', async () => {
      const headers = { 'content-encoding': 'gzip', 'content-type': 'multipart/form-data; boundary=x' };
      const response = await rawFetch(server, '/v1/files', { method: 'POST', headers, body: 'x' });
      expect(await response.json()).toMatchObject({
        error: { details: { error_code: 'request_body_encoding_unsupported' } },
      });
    });

    test.each([
      ['UTF-8 called so', 'utf-8', Buffer.from('ü'), 'ü'],
      ['UTF-8 called something else', 'ISO-8859-1', Buffer.from('ü'), 'ü'],
      ['Latin 1', '"iso-8859-1"', Buffer.from('ü', 'latin1'), 'ü'],
    ])('%s is read', async (_what, charset, bytes, name) => {
      const body = Buffer.concat([Buffer.from('{"model":"m","name":"'), bytes, Buffer.from('"}')]);
      const response = await sendBytes(body, { 'content-type': `application/json; charset=${charset}` });
      expect([response.status, await response.json()]).toMatchObject([200, { name }]);
    });

    test('a byte order mark does not matter; no UTF-8 and other charsets are refused', async () => {
      expect((await sendBytes(Buffer.concat([Buffer.from('\ufeff'), agentBytes('a')]), {})).status).toBe(200);
      const broken = await sendBytes(Buffer.from('{"model":"m","name":"ü"}', 'latin1'), {});
      expect(await broken.json()).toMatchObject({ error: { message: 'The request body is not valid UTF-8.' } });
      const other = await sendBytes(Buffer.from('{}', 'utf16le'), {
        'content-type': 'application/json;charset=utf-16',
      });
      expect(await other.json()).toMatchObject({ error: { details: { error_code: 'unsupported_charset' } } });
    });
  });

  test.each(['', '{}'])('an action takes "%s" for a body', async (body) => {
    const { id } = await server.client.beta.agents.create({ name: 'a', model: 'm' });
    expect((await post(`/v1/agents/${id}/archive`, body)).status).toBe(200);
  });

  test('more than 32 MB is 413', async () => {
    const response = await post('/v1/agents', JSON.stringify({ name: 'x'.repeat(33 * 1024 * 1024) }));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { type: 'request_too_large' } });
  });

  test('a client that hangs up in its body leaves the server as it was', async () => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    const head = `POST /v1/agents HTTP/1.1\r\nhost: x\r\nx-api-key: ${API_KEY}\r\ncontent-length: 1000\r\n\r\n{"na`;
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    socket.destroy();
    expect((await rawFetch(server, '/v1/agents')).status).toBe(200);
    expect(server.reported).toEqual([]);
  });
});

describe('failures that are not the caller’s', () => {
  test('an unexpected error is 500 with its id, reported, and says nothing', async () => {
    const session = await createSession();
    server.session.fail(new Error('secret /path/to/db'));
    const response = await post(`/v1/sessions/${session}/events`, MESSAGE);
    server.session.fail(null);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type: 'api_error', message: 'Internal server error.' },
      request_id: response.headers.get('request-id'),
    });
    expect(server.reported.splice(0)).toEqual([expect.objectContaining({ message: 'secret /path/to/db' })]);
  });

  test('no worker: 503 with retry-after', async () => {
    const session = await createSession();
    server.session.fail(new ApiError('unavailable_error', 'No worker answered.', { retryAfter: 2 }));
    const response = await post(`/v1/sessions/${session}/events`, MESSAGE);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('x-should-retry')).toBeNull();
  });
});

const MESSAGE = JSON.stringify({ events: [{ type: 'user.message', content: [{ type: 'text', text: 'hi' }] }] });

async function createSession(): Promise<string> {
  const agent = await server.client.beta.agents.create({ name: 'a', model: 'm' });
  const environment = await server.client.beta.environments.create({ name: 'e' });
  return (await server.client.beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id;
}

function agentBytes(name: string): Buffer {
  return Buffer.from(JSON.stringify({ name, model: 'm' }));
}

function sendBytes(body: Buffer, headers: Record<string, string>): Promise<Response> {
  return rawFetch(server, '/v1/agents', { method: 'POST', headers, body: new Uint8Array(body) });
}

function post(path: string, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) {
  const bytes = new TextEncoder().encode(body);
  return rawFetch(server, path, { method: 'POST', headers, ...(body === '' ? {} : { body: bytes }) });
}
