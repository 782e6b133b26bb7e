import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChoice } from '../fuzz/mutations.js';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { storedFiles } from '../support/stored-files.js';

const BOUNDARY = 'xBoundaryx';
const PATIENCE_MS = 20_000;
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(async () => {
  await server.stop();
  if (server.reported.length > 0) throw new Error(`not the caller’s fault: ${String(server.reported)}`);
});

interface Answer {
  status: number;
  body: { id?: string; filename?: string; mime_type?: string; error?: { type: string; message: string } };
}

async function post(body: NonNullable<RequestInit['body']>, type = TYPE): Promise<Answer> {
  const headers = { 'content-type': type };
  const response = await rawFetch(server, '/v1/files', { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** Parts as they are written, each with its headers. */
function form(...parts: (string | Buffer)[]): Buffer {
  const written = parts.flatMap((part) => [`--${BOUNDARY}\r\n`, part, '\r\n']);
  return Buffer.concat([...written, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)));
}

function part(disposition: string, content: string, type = 'content-type: text/plain\r\n'): string {
  return `content-disposition: form-data; ${disposition}\r\n${type}\r\n${content}`;
}

const FILE = part('name="file"; filename="a.txt"', 'hello');
const field = (name: string, value: string) => part(`name="${name}"`, value, '');

test('the field of a form may come before the file and after it', async () => {
  for (const parts of [
    [FILE, field('expires_in_seconds', '3600')],
    [field('expires_in_seconds', '3600'), FILE],
  ]) {
    expect(await post(form(...parts))).toMatchObject({ status: 200, body: { expires_at: expect.any(String) } });
  }
});

test.each<[string, string, string]>([
  ['a plain one', 'a.txt', 'a.txt'],
  ['a path', '../../etc/passwd', 'passwd'],
  ['a path of Windows', String.raw`C:\\Users\\me\\b.txt`, 'b.txt'],
  ['a folder', 'only/', 'unnamed.txt'],
  ['nothing', '', 'unnamed.txt'],
  ['blanks', '   ', 'unnamed.txt'],
  ['unicode', 'Grüße 日本語 🎉.txt', 'Grüße 日本語 🎉.txt'],
  ['decomposed letters', 'Gru\u0308n.txt', 'Grün.txt'],
  ['a mark that turns the reading direction', 'safe\u202Etxt.exe', 'safetxt.exe'],
  ['Hebrew with its marks', '\u200Fשלום\u200E.txt', 'שלום.txt'],
  ['a dot file', '.env', '.env'],
  ['255 characters', 'é'.repeat(251) + '.txt', 'é'.repeat(251) + '.txt'],
])('a name that is %s', async (_what, filename, kept) => {
  const { status, body } = await post(form(part(`name="file"; filename="${filename}"`, 'x')));
  expect([status, body.filename]).toEqual([200, kept]);
});

test('a file without a name has that of its type, and without a type too', async () => {
  const pdf = await post(form(part('name="file"', 'x', 'content-type: application/pdf\r\n')));
  expect(pdf.body).toMatchObject({ filename: 'unnamed.pdf', mime_type: 'application/pdf' });
  const unknown = await post(form(part('name="file"', 'x', 'content-type: application/x-none\r\n')));
  expect(unknown.body).toMatchObject({ filename: 'unnamed', mime_type: 'application/x-none' });
});

test.each([
  ['application/octet-stream', 'report.PDF', 'application/pdf'],
  ['application/octet-stream', 'report.none', 'application/octet-stream'],
  ['text/plain; charset=utf-8', 'table.csv', 'text/plain'],
  ['Image/PNG', 'a', 'image/png'],
  ['no type', 'a.json', 'application/json'],
  [`a/${'b'.repeat(300)}`, 'a', 'application/octet-stream'],
])('the type %s of %s is kept as %s', async (type, filename, kept) => {
  const { body } = await post(form(part(`name="file"; filename="${filename}"`, 'x', `content-type: ${type}\r\n`)));
  expect(body.mime_type).toBe(kept);
});

test.each([
  ['photo.png', 'image/png'],
  ['paper.pdf', 'application/pdf'],
  ['table.csv', 'text/plain'],
  ['drawing.svg', 'text/plain'],
  ['unknown.none', 'text/plain'],
])('%s of a form that does not say what it is (as Python’s requests sends them) is %s', async (filename, kept) => {
  const { body } = await post(form(part(`name="file"; filename="${filename}"`, 'x', '')));
  expect(body.mime_type).toBe(kept);
});

describe('refused, with nothing left behind', () => {
  let before: string[];
  beforeAll(async () => (before = await storedFiles(server.filesDir)));
  afterEach(() => untilStored(before));

  const unwanted = part('name="file"; filename="b.txt"', 'not to be kept');
  const namedWith = (filename: string) => form(part(`name="file"; filename="${filename}"`, 'not to be kept'));
  test.each<[string, Buffer | string, RegExp]>([
    ['no file', form(field('expires_in_seconds', '3600')), /^file: is required/],
    ['no part at all', form(), /^file: is required|^The request body /],
    ['two files', form(unwanted, unwanted), /^file: must be one file, not several/],
    ['an empty file', form(part('name="file"; filename="a.txt"', '')), /^file: must not be empty/],
    ['another part', form(unwanted, field('purpose', 'x')), /^file: an upload has no part "purpose"/],
    ['a part without a name', form(unwanted, part('filename="c.txt"', 'x')), /^file: an upload has no part/],
    ['a second file of another name', form(unwanted, part('name="other"; filename="c"', 'x')), /no part "other"/],
    ['no number', form(unwanted, field('expires_in_seconds', 'soon')), /^expires_in_seconds: must be an integer/],
    [
      'nothing for a number',
      form(unwanted, field('expires_in_seconds', '')),
      /^expires_in_seconds: must be an integer/,
    ],
    ['1e4', form(unwanted, field('expires_in_seconds', '1e4')), /^expires_in_seconds: must be an integer/],
    [
      'a number twice',
      form(field('expires_in_seconds', '3600'), field('expires_in_seconds', '3601'), unwanted),
      /^expires_in_seconds: is given twice/,
    ],
    ['a long number', form(unwanted, field('expires_in_seconds', '3'.repeat(5_000))), /^expires_in_seconds: must be/],
    ['NUL in the name', namedWith('a\0.txt'), /^file: the filename must not contain the character U\+0000|is required/],
    ['a tab in the name', namedWith('a\tb.txt'), /^file: the filename must not contain the character U\+0009/],
    ['a control character of the second kind', namedWith('a\u0085b'), /must not contain the character U\+0085/],
    ['a line separator', namedWith('a\u2028b'), /^file: the filename must not contain the character U\+2028/],
    ['no UTF-8', Buffer.from(namedWith('a?b').toString().replace('?', '\xFF'), 'latin1'), /U\+FFFD/],
    ['< in the name', namedWith('a<b'), /^file: the filename must not contain </],
    ['* in the name', namedWith('*.txt'), /^file: the filename must not contain \*/],
    [': in the name', namedWith('a:b'), /^file: the filename must not contain :/],
    ['.. as the name', namedWith('a/..'), /^file: the filename must not be "\.\."/],
    ['256 characters', namedWith('x'.repeat(256)), /^file: the filename must have at most 255 characters/],
    ['a name of 10,000', namedWith('x'.repeat(10_000)), /^file: the filename must have at most 255 characters/],
    ['a name of 100,000', namedWith('x'.repeat(100_000)), /^file: |^The request body /],
    ['17 parts', form(...Array.from({ length: 17 }, () => field('expires_in_seconds', '3600'))), /twice|16 parts/],
    ['no end', form(unwanted).subarray(0, -10), /^The request body is not a whole form/],
    ['an end in the headers', form(unwanted).subarray(0, 40), /^The request body is not a whole form/],
    ['no boundary in it', 'hello', /^The request body is not a whole form/],
    ['nothing in it', '', /^The request body is not a whole form/],
  ])('%s', async (_what, body, message) => {
    const answer = await post(body instanceof Buffer ? new Uint8Array(body) : body);
    expect([answer.status, answer.body.error?.type]).toEqual([400, 'invalid_request_error']);
    expect(answer.body.error?.message).toMatch(message);
  });

  test.each<[string, RegExp]>([
    ['application/json', /^The request body must be a form/],
    ['application/x-www-form-urlencoded', /^The request body must be a form/],
    ['multipart/form-data', /^The request body must be a form|no boundary/],
    ['multipart/form-data; charset=utf-8', /no boundary/],
    ['multipart/mixed; boundary=x', /^The request body must be a form/],
    ['text', /^The request /],
  ])('a body that is called %s', async (type, message) => {
    const { status, body } = await post(new Uint8Array(form(unwanted)), type);
    expect(status).toBe(400);
    expect(body.error?.message).toMatch(message);
  });

  test('a body that announces too much is answered before it is read', async () => {
    const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': TYPE, 'content-length': 600 * 1024 * 1024 };
    const outgoing = request(`${server.url}/v1/files`, { method: 'POST', headers });
    outgoing.on('error', () => {});
    outgoing.write(form(unwanted));
    const [response] = (await once(outgoing, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(413);
    outgoing.destroy();
  });

  test('an upload that breaks off', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const whole = form(unwanted);
    socket.write(
      `POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n` +
        `content-type: ${TYPE}\r\ncontent-length: ${whole.length + 1_000_000}\r\n\r\n`,
    );
    socket.write(whole.subarray(0, -20));
    await untilStored((files) => files.length === before.length + 1);
    socket.destroy();
    await untilStored(before);
    expect(await storedFiles(server.filesDir)).toHaveLength(before.length);
  });

  test('after a refusal in the middle the connection takes the next request', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let answers = '';
    socket.on('data', (chunk: Buffer) => (answers += chunk.toString()));
    const bad = form(part('name="file"; filename="a*b"', 'x'.repeat(2_000_000)));
    const head = `host: x\r\nauthorization: Bearer ${API_KEY}\r\n`;
    socket.write(`POST /v1/files HTTP/1.1\r\n${head}content-type: ${TYPE}\r\ncontent-length: ${bad.length}\r\n\r\n`);
    socket.write(bad);
    socket.write(`GET /v1/files/file_none HTTP/1.1\r\n${head}\r\n`);
    const deadline = Date.now() + PATIENCE_MS;
    while ((answers.match(/HTTP\/1\.1 \d+/g) ?? []).length < 2 && Date.now() < deadline) await sleep(10);
    socket.destroy();
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 404']);
  });

  test('P5: 200 forms with something wrong in their bytes: an answer to each, and never a 500', async () => {
    const choice = createChoice(7);
    for (let sent = 0; sent < 200; sent++) {
      const bytes = Buffer.from(form(FILE, field('expires_in_seconds', '3600')));
      const changes = 1 + choice.below(6);
      for (let change = 0; change < changes; change++) bytes[choice.below(bytes.length)] = choice.below(256);
      const body = bytes.subarray(0, choice.once(4) ? choice.below(bytes.length) : bytes.length);
      const answer = await post(new Uint8Array(body));
      expect([200, 400]).toContain(answer.status);
      if (answer.body.id !== undefined) await server.client.beta.files.delete(answer.body.id);
    }
  });
});

async function untilStored(expected: string[] | ((files: string[]) => boolean)): Promise<void> {
  const isRight = (files: string[]) =>
    typeof expected === 'function' ? expected(files) : files.toSorted().join() === expected.toSorted().join();
  const deadline = Date.now() + PATIENCE_MS;
  while (!isRight(await storedFiles(server.filesDir))) {
    if (Date.now() > deadline) throw new Error('something else is stored');
    await sleep(10);
  }
}
