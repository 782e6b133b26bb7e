import net from 'node:net';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const HEADERS = `host: x\r\nx-api-key: ${API_KEY}\r\n`;

/** What comes back for these bytes, until the server closes the connection. */
async function exchange(request: string): Promise<{ head: string; body: unknown }> {
  const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(request);
  const pieces: string[] = [];
  for await (const piece of socket.setEncoding('utf8')) pieces.push(String(piece));
  const [head = '', body = ''] = pieces.join('').split('\r\n\r\n');
  return { head, body: JSON.parse(body) };
}

test.each([
  ['no method that exists', `BREW /v1/agents HTTP/1.1\r\n${HEADERS}\r\n`, 400],
  ['no HTTP at all', 'hello\r\n\r\n', 400],
  ['no host', `GET /v1/agents HTTP/1.1\r\nx-api-key: ${API_KEY}\r\nconnection: close\r\n\r\n`, 400],
  ['no version that exists', `GET /v1/agents HTTP/3.7\r\n${HEADERS}\r\n`, 400],
  ['two lengths', `POST /v1/agents HTTP/1.1\r\n${HEADERS}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n`, 400],
  ['headers without end', `GET /v1/agents HTTP/1.1\r\n${HEADERS}x: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
])('%s: the envelope all the same', async (_what, request, status) => {
  const { head, body } = await exchange(request);
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/json`, 's'));
  const request_id = /^request-id: (req_\w+)/m.exec(head)?.[1];
  expect(body).toEqual({
    type: 'error',
    error: { type: 'invalid_request_error', message: expect.any(String) },
    request_id: request_id ?? 'none',
  });
});

test('an expectation that nobody knows does not matter', async () => {
  const { head } = await exchange(`GET /v1/agents HTTP/1.1\r\n${HEADERS}expect: tea\r\nconnection: close\r\n\r\n`);
  expect(head).toMatch(/^HTTP\/1.1 200 /);
});

const many = (item: string): string => `[${`${item},`.repeat(1_000_000)}${item}]`;
const hosts = (host: string): string =>
  `{"name":"e","config":{"type":"cloud","networking":{"type":"limited","allowed_hosts":["${host}"]}}}`;

test.each([
  ['of a request that is carried out', '/v1/agents', '', 200],
  ['of one that is refused', '/v1/agents', 'anthropic-workspace-id: wrkspc_other\r\n', 404],
  ['of one to a path that is none', '/%zz', '', 400],
])('an upgrade %s is not made, and the connection closed', async (_what, path, header, status) => {
  const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\n';
  const { head } = await exchange(`GET ${path} HTTP/1.1\r\n${HEADERS}${header}${upgrade}\r\n`);
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*connection: close`, 'is'));
});

describe('bodies of megabytes are refused at once, in few words', () => {
  const long = 'x'.repeat(5_000_000);
  const pairs = JSON.stringify(Object.fromEntries(Array.from({ length: 300_000 }, (_, index) => [`k${index}`, 1])));
  test.each([
    ['a host', '/v1/environments', hosts('a.'.repeat(7_000_000)), 'config.networking.allowed_hosts.0: Too big'],
    ['a key', '/v1/agents', `{"name":"a","model":"m","${long}":1}`, 'The request body: Unrecognized key: "xxx'],
    ['a key of metadata', '/v1/agents', `{"name":"a","model":"m","metadata":{"${long}":""}}`, 'metadata.xxx'],
    ['an id', '/v1/agents', `{"name":"a","model":"m","multiagent":{"type":"coordinator","agents":["${long}"]}}`, 'mul'],
    [
      'metadata',
      '/v1/agents',
      `{"name":"a","model":"m","metadata":${pairs}}`,
      'The request body has more than 100000 val',
    ],
    [
      'a list',
      '/v1/sessions',
      `{"agent":"a","environment_id":"e","vault_ids":${many('0')}}`,
      'The request body has more',
    ],
  ])('%s', async (_what, path, body, message) => {
    const response = await rawFetch(server, path, { method: 'POST', body });
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text.length).toBeLessThan(2_500);
    expect(JSON.parse(text)).toMatchObject({ error: { message: expect.stringContaining(message) } });
    expect(server.reported).toEqual([]);
  });
});

test('a field that is missing is called so, also where it might be one of several kinds', async () => {
  const response = await rawFetch(server, '/v1/agents', { method: 'POST', body: '{"name":"a"}' });
  expect(await response.json()).toMatchObject({ error: { message: 'model: is required' } });
});
