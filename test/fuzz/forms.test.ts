import { once } from 'node:events';
import { connect } from 'node:net';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { membersOf, packZip, skillMd } from '../support/skill-files.js';
import { storedFiles } from '../support/stored-files.js';
import { type Choice, createChoice } from './mutations.js';

const SEED = Number(process.env['DROVER_TEST_SEED'] ?? 20_261_122);
const ROUNDS = 250;

let server: TestServer;
let before: string[];
beforeAll(async () => {
  server = await startTestServer();
  before = await storedFiles(server.filesDir);
});
afterAll(() => server.stop());

const NAMES = [
  'a',
  'SKILL.md',
  'skill.md',
  '..',
  '.',
  '',
  '~',
  '-rf',
  '*',
  'ü',
  'u\u0308',
  '日本',
  '🎉',
  'x'.repeat(300),
];
const ODD = ['/', '//', '\\', '\0', '\n', '\r', '"', '%2e%2e', '%00', '\u202e', 'C:', ' ', ';', '\u2028', 'ﬁ'];

/** Mostly a path in the skill's directory; else anything that might lead out of it, or break a header. */
function oddPath(choice: Choice): string {
  const names = Array.from({ length: 1 + choice.below(4) }, () => choice.of(NAMES));
  const path = `${choice.once(4) ? choice.of(ODD) : 'a/'}${names.join(choice.once(5) ? choice.of(ODD) : '/')}`;
  return choice.once(4) ? path + choice.of(ODD) : path;
}

const MODES = [0o100644, 0o100755, 0o120777, 0o040755, 0o010644, 0o020666, 0, 0o104755];
const MAIN = { path: 'a/SKILL.md', content: skillMd('a') };

/** A form as its bytes, of which some may be wrong. */
function oddForm(choice: Choice): Buffer {
  const members = Array.from({ length: choice.below(4) }, () => ({ path: oddPath(choice), content: 'x' }));
  const parts = [MAIN, ...members].map(({ path, content }) => part(choice, path, content));
  const bytes = Buffer.from(`${parts.join('')}--b--\r\n`);
  return choice.once(3) ? spoil(choice, bytes) : bytes;
}

const DISPOSITIONS = [
  (path: string) => `form-data; name="files[]"; filename="${path}"`,
  (path: string) => `form-data; name="files[]"; filename="${path}"`,
  (path: string) => `form-data; name=files[]; filename=${path}`,
  (path: string) => `form-data; name="files[]"; filename="a/b"; filename*=UTF-8''${encodeURIComponent(path)}`,
  (path: string) => `form-data; filename="${path}"; name="files[]"; name="display_name"`,
  (path: string) => `form-data; name="files[]"; filename="${path}"\r\ncontent-disposition: form-data; name="other"`,
  (path: string) => `attachment; name="files[]"; filename="${path}"`,
];

function part(choice: Choice, path: string, content: string): string {
  const disposition = choice.of(DISPOSITIONS)(path);
  const more = choice.once(6) ? 'content-transfer-encoding: base64\r\ntransfer-encoding: chunked\r\n' : '';
  return `--b\r\ncontent-disposition: ${disposition}\r\n${more}\r\n${content}\r\n`;
}

async function oddZip(choice: Choice): Promise<Buffer> {
  const members = Array.from({ length: choice.below(4) }, () => ({
    path: `a/${choice.below(100)}${choice.of(['', '.md', ' ', 'ü'])}`,
    content: 'x'.repeat(choice.below(2_000)),
    mode: choice.of(MODES),
  }));
  const archive = await packZip([MAIN, ...members]);
  return choice.once(2) ? spoil(choice, archive) : archive;
}

function spoil(choice: Choice, whole: Buffer): Buffer {
  const bytes = Buffer.from(whole);
  for (let changes = 1 + choice.below(5); changes > 0; changes -= 1)
    bytes[choice.below(bytes.length)] = choice.below(256);
  return choice.once(5) ? bytes.subarray(0, choice.below(bytes.length)) : bytes;
}

async function send(body: Buffer): Promise<{ status: number; id: string | undefined; message: string }> {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const response = await rawFetch(server, '/v1/skills', { method: 'POST', body: new Uint8Array(body), headers });
  const answer = (await response.json()) as { id?: string; error?: { message: string } };
  return { status: response.status, id: answer.id, message: answer.error?.message ?? '' };
}

function zipForm(archive: Buffer): Buffer {
  const head = '--b\r\ncontent-disposition: form-data; name="files[]"; filename="s.zip"\r\n\r\n';
  return Buffer.concat([Buffer.from(head), archive, Buffer.from('\r\n--b--\r\n')]);
}

function faultsOfRefusal(message: string): string[] {
  return /^(files|display_name): |^The request body /.test(message) ? [] : [message];
}

/** What was taken leads nowhere but into its directory, on any file system. */
async function faultsOf(id: string): Promise<string[]> {
  const response = await server.client.beta.skills.versions.download('latest', { skill_id: id });
  const members = await membersOf(response);
  const folded = Object.keys(members).map((path) => path.toLowerCase());
  const faults = Object.entries(members).filter(([path, { mode }]) => !isPlain(path) || !PLAIN_MODES.has(mode));
  return [...faults.map(([path]) => path), ...(new Set(folded).size < folded.length ? ['two of one name'] : [])];
}

const PLAIN_MODES: ReadonlySet<number> = new Set([0o100644, 0o100755]);

function isPlain(path: string): boolean {
  const [top, ...names] = path.split('/');
  return (
    top === 'a' &&
    names.length > 0 &&
    names.every((name) => /^[^\p{Cc}\\]+$/u.test(name) && !['.', '..'].includes(name))
  );
}

test.each([
  ['forms', async (choice: Choice) => oddForm(choice)],
  ['archives', async (choice: Choice) => zipForm(await oddZip(choice))],
])(
  `P5: ${ROUNDS} odd %s: each is refused by its name, or what is taken of it is plain (seed ${SEED})`,
  async (_what, make) => {
    const choice = createChoice(SEED);
    const statuses: Record<number, number> = {};
    const faults: object[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const body = await make(choice);
      const { status, id, message } = await send(body);
      statuses[status] = (statuses[status] ?? 0) + 1;
      const found = id === undefined ? faultsOfRefusal(message) : await faultsOf(id);
      if (found.length > 0) faults.push({ body: body.toString('latin1'), status, found });
      if (id !== undefined) await server.client.beta.skills.delete(id);
    }
    expect(faults).toEqual([]);
    expect(Object.keys(statuses)).toEqual(['200', '400']);
    // Both were tried.
    expect(statuses[200]).toBeGreaterThan(ROUNDS / 20);
    expect(statuses[400]).toBeGreaterThan(ROUNDS / 5);
    expect(await storedFiles(server.filesDir)).toEqual(before);
    expect(server.reported).toEqual([]);
  },
);

const inner = `DELETE /v1/skills/skill_x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n\r\n`;
const form = `--b\r\ncontent-disposition: form-data; name="files[]"; filename="a/SKILL.md"\r\n\r\n${skillMd('a')}${inner}\r\n--b--\r\n`;
const chunked = `${form.length.toString(16)}\r\n${form}\r\n0\r\n\r\n`;

test.each<[string, string, string, number]>([
  ['a request in a file', `content-length: ${form.length}\r\n`, form, 200],
  ['two lengths', `content-length: ${form.length}\r\ncontent-length: 10\r\n`, form, 400],
  ['a length and chunks', `content-length: 10\r\ntransfer-encoding: chunked\r\n`, chunked, 400],
  ['chunks said twice', `transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n`, chunked, 400],
  ['chunks, and a request in a file', 'transfer-encoding: chunked\r\n', chunked, 200],
  ['a length with a sign', `content-length: +${form.length}\r\n`, form, 400],
])('%s: one answer, and nothing in a body is taken for a request', async (_what, headers, body, status) => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(
    `POST /v1/skills HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${API_KEY}\r\n` +
      `content-type: multipart/form-data; boundary=b\r\n${headers}\r\n${body}`,
  );
  await once(socket, 'close');
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
});
