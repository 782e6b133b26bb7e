import type { lookup as lookupHost } from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createOutbound, type OutboundRequest, PrivateAddressError } from '../../src/net/outbound.js';

let server: Server;
let port: number;
const seen: { method: string | undefined; url: string | undefined; host: string | undefined; body: string }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Listening on TCP, so not the path of a pipe.
  port = (server.address() as AddressInfo).port;
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  seen.push({ method: request.method, url: request.url, host: request.headers.host, body });
  if (request.url === '/elsewhere') response.writeHead(302, { location: '/here' }).end();
  else if (request.url !== '/never') response.end('hello');
}

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => void seen.splice(0));

const post = (signal = AbortSignal.timeout(5_000)): OutboundRequest => ({
  method: 'POST',
  headers: { 'content-type': 'text/plain' },
  body: 'a body',
  signal,
});

/** Answers with each of these in turn; the last one stays. */
function resolver(...answers: string[][]): { lookup: typeof lookupHost; asked: string[] } {
  const asked: string[] = [];
  const fake = (
    host: string,
    _options: unknown,
    callback: (error: Error | null, found: { address: string; family: number }[]) => void,
  ): void => {
    const found = answers[Math.min(asked.push(host), answers.length) - 1] ?? [];
    process.nextTick(() =>
      callback(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    );
  };
  // Only this form of it is ever called.
  return { lookup: fake as typeof lookupHost, asked };
}

test('a request goes out as it was given, and the answer is read as it comes', async () => {
  const outbound = createOutbound({ allowPrivate: true });
  const response: IncomingMessage = await outbound(`http://127.0.0.1:${port}/here?a=b`, post());
  expect([response.statusCode, await text(response)]).toEqual([200, 'hello']);
  expect(seen).toEqual([{ method: 'POST', url: '/here?a=b', host: `127.0.0.1:${port}`, body: 'a body' }]);
});

test.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0x7f.1', '2130706433', '169.254.169.254', 'localhost'])(
  'nothing is sent to http://%s',
  async (host) => {
    const outbound = createOutbound({ allowPrivate: false });
    await expect(outbound(`http://${host}:${port}/here`, post())).rejects.toThrow(PrivateAddressError);
    expect(seen).toEqual([]);
  },
);

test('a name that means a private address is refused, also when it means public ones besides', async () => {
  for (const found of [['127.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::1']]) {
    const { lookup } = resolver(found);
    const outbound = createOutbound({ allowPrivate: false, lookup });
    await expect(outbound(`http://hooks.example:${port}/here`, post())).rejects.toThrow(PrivateAddressError);
  }
  expect(seen).toEqual([]);
});

test('a name is looked up once: what it means later does not matter', async () => {
  const { lookup, asked } = resolver(['127.0.0.1'], ['192.0.2.1']);
  const outbound = createOutbound({ allowPrivate: true, lookup });
  const response = await outbound(`http://hooks.example:${port}/here`, post());
  expect(await text(response)).toBe('hello');
  expect(asked).toEqual(['hooks.example']);
  expect(seen.map(({ host }) => host)).toEqual([`hooks.example:${port}`]);
});

test('a name that has no address is an error', async () => {
  const outbound = createOutbound({ allowPrivate: true, lookup: resolver([]).lookup });
  await expect(outbound(`http://hooks.example:${port}/here`, post())).rejects.toThrow('no address');
});

test('a redirect is an answer, and is not followed', async () => {
  const outbound = createOutbound({ allowPrivate: true });
  const response = await outbound(`http://127.0.0.1:${port}/elsewhere`, post());
  response.destroy();
  expect(response.statusCode).toBe(302);
  expect(seen.map(({ url }) => url)).toEqual(['/elsewhere']);
});

test('the signal ends a request that gets no answer', async () => {
  const outbound = createOutbound({ allowPrivate: true });
  await expect(outbound(`http://127.0.0.1:${port}/never`, post(AbortSignal.timeout(100)))).rejects.toThrow('aborted');
});

test('what cannot be reached or is not a URL is an error, of another kind', async () => {
  const outbound = createOutbound({ allowPrivate: true });
  await expect(outbound('http://127.0.0.1:1/', post())).rejects.toThrow('ECONNREFUSED');
  await expect(outbound('nowhere', post())).rejects.not.toBeInstanceOf(PrivateAddressError);
});
