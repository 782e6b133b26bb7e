import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from '../../src/api-error.js';
import { readForm } from '../../src/http/form.js';

const RULES = { isFile: (name: string | undefined) => name === 'file', maxBytes: 100_000 };
const OPENING = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';

let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

/** Says how many bytes of a file there were, or what was wrong. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    let size = 0;
    for await (const part of readForm(request, RULES)) {
      if (part.kind === 'file') for await (const chunk of part.bytes) size += chunk.byteLength;
    }
    response.end(String(size));
  } catch (error) {
    response.statusCode = error instanceof ApiError ? error.status : 500;
    response.end(String(error));
  }
}

function send(...pieces: string[]): Promise<Response> {
  // Listening on TCP, so not the path of a pipe.
  const { port } = server.address() as AddressInfo;
  const body = ReadableStream.from(pieces.map((piece) => Buffer.from(piece)));
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body, duplex: 'half' });
}

test('a form that does not say how long it is is read to its end', async () => {
  const response = await send(OPENING, 'x'.repeat(50_000), 'x'.repeat(40_000), '\r\n--b--\r\n');
  expect([response.status, await response.text()]).toEqual([200, '90000']);
});

test.each([
  ['in the file', [OPENING, ...Array.from({ length: 50 }, () => 'x'.repeat(10_000)), '\r\n--b--\r\n']],
  ['before the first part', ['x'.repeat(200_000), OPENING, '\r\n--b--\r\n']],
  ['in a field', ['--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n', 'x'.repeat(200_000), '\r\n--b--\r\n']],
])('too much %s is refused on the way', async (_where, pieces) => {
  const response = await send(...pieces);
  expect([response.status, await response.text()]).toEqual([413, expect.stringContaining('too large')]);
});
