import { deflateRawSync } from 'node:zlib';
import { createChoice } from '../fuzz/mutations.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { asFiles, type Packed, packZip, renameIn, skillFiles, skillMd, zipFile } from '../support/skill-files.js';
import { storedFiles } from '../support/stored-files.js';

const MB = 1024 * 1024;

let server: TestServer;
let before: string[];
beforeAll(async () => {
  server = await startTestServer();
  await server.client.beta.skills.create({ files: skillFiles('there-before') });
  before = await storedFiles(server.filesDir);
});
afterAll(async () => {
  await server.stop();
  if (server.reported.length > 0) throw new Error(`not the caller’s fault: ${String(server.reported)}`);
});

interface Answer {
  status: number;
  message: string;
}

/** Every refusal leaves nothing behind, neither a row nor a byte. */
async function refusal(body: NonNullable<RequestInit['body']>, type?: string): Promise<Answer> {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
  const response = await rawFetch(server, '/v1/skills', { method: 'POST', body, headers });
  const answer = (await response.json()) as { error?: { message: string } };
  expect((await server.client.beta.skills.list()).data).toHaveLength(1);
  expect(await storedFiles(server.filesDir)).toEqual(before);
  return { status: response.status, message: answer.error?.message ?? 'no refusal' };
}

function form(files: readonly File[], fields: Readonly<Record<string, string>> = {}, name = 'files[]'): FormData {
  const data = new FormData();
  for (const file of files) data.append(name, file, file.name);
  for (const [field, value] of Object.entries(fields)) data.append(field, value);
  return data;
}

const MAIN = { path: 'a/SKILL.md', content: skillMd('a') };
const small = (path: string) => form(asFiles({ 'a/SKILL.md': skillMd('a'), [path]: 'x' }));
const md = (text: string) => form(asFiles({ 'a/SKILL.md': text }));
const LONG = 'x'.repeat(70);

test.each<[string, FormData, RegExp]>([
  ['no part', form([], { display_name: 'd' }), /^files: is required/],
  ['a field for files', form([], { 'files[]': 'x' }), /^files: each needs a filename/],
  ['no SKILL.md', form(asFiles({ 'a/b.md': 'x' })), /^files: must contain "a\/SKILL.md"/],
  ['a SKILL.md that is deeper', form(asFiles({ 'a/b/SKILL.md': skillMd('a') })), /^files: must contain "a\/SKILL.md"/],
  ['a skill.md in small letters', form(asFiles({ 'a/skill.md': skillMd('a') })), /^files: must contain "a\/SKILL.md"/],
  ['two directories', small('b/c.md'), /^files: must be in one directory, not in "a" and in "b"/],
  ['a file beside the directory', small('b.md'), /^files: "b.md" must be in a directory/],
  ['another part', form(skillFiles('a'), { purpose: 'x' }), /^files: this form has no part "purpose"/],
  ['two display names', twice(), /^display_name: is given twice/],
  ['an empty display name', form(skillFiles('a'), { display_name: ' ' }), /^display_name: must not be empty/],
  [
    'a display name of two lines',
    form(skillFiles('a'), { display_name: 'a\nb' }),
    /^display_name: must be a single line/,
  ],
  [
    'a display name of 256',
    form(skillFiles('a'), { display_name: 'é'.repeat(256) }),
    /^display_name: must have at most 255/,
  ],
  ['a parent', small('a/../b'), /^files: the path "a\/\.\.\/b" must not contain the name "\.\."/],
  ['a parent in front', small('../a/b'), /must not contain the name "\.\."/],
  ['a dot', small('a/./b'), /must not contain the name "\."/],
  ['no name between', small('a//b'), /must not contain the name ""/],
  ['a directory', small('a/b/'), /must not contain the name ""/],
  ['an absolute path', small('/etc/passwd'), /^files: the path "\/etc\/passwd" must be relative/],
  ['a drive', small('C:/a'), /must be relative/],
  ['backslashes', small(String.raw`a\..\b`), /must have \/ between its names/],
  ['a tab', small('a/b\tc'), /must not contain the character U\+0009/],
  ['a second kind of control character', small('a/b\u0085c'), /must not contain the character U\+0085/],
  ['a line separator', small('a/b\u2028c'), /must not contain the character U\+2028/],
  ['a mark that turns the reading direction', small('a/b\u202Ecod.exe'), /must not contain the character U\+202E/],
  ['a path of 513 bytes', small(`a/${`${'x'.repeat(99)}/`.repeat(5)}${'x'.repeat(11)}`), /must have at most 512 bytes/],
  ['a name of 256 bytes', small(`a/${'x'.repeat(256)}`), /a name of more than 255 bytes/],
  ['a file twice', form([...skillFiles('a'), ...skillFiles('a')]), /"a\/SKILL.md" is there twice/],
  ['a file twice, one of them decomposed', form(asFiles({ ...both('a/é', 'a/e\u0301') })), /is there twice/],
  ['a file in other letters', form(asFiles(both('a/b.md', 'a/B.md'))), /differs from "a\/b.md" in nothing but/],
  ['a directory in other letters', form(asFiles(both('a/b/c', 'a/B/d'))), /differs from "a\/b" in nothing but/],
  ['a file that is a directory', form(asFiles(both('a/b', 'a/b/c'))), /"a\/b" is both a file and a directory/],
  ['a directory that is a file', form(asFiles(both('a/b/c', 'a/b'))), /"a\/b" is both a file and a directory/],
  ['no front matter', md('# hello'), /^files: SKILL.md must begin with YAML between two lines ---/],
  ['front matter without an end', md('---\nname: a\ndescription: d\n'), /must begin with YAML between two lines ---/],
  ['an empty SKILL.md', md(''), /must begin with YAML between two lines ---/],
  ['front matter that is a list', md('---\n- a\n---\n'), /YAML of the form "name: value"/],
  ['front matter that is nothing', md('---\n---\n'), /YAML of the form "name: value"/],
  ['front matter that is no YAML', md('---\nname: "a\n---\n'), /YAML that cannot be read: /],
  ['a key twice', md('---\nname: a\nname: b\ndescription: d\n---\n'), /YAML that cannot be read: .*unique/],
  ['aliases of aliases', md(`---\n${laughs()}\n---\n`), /YAML that cannot be read: /],
  ['front matter 15,000 deep', md(`---\nname: ${'['.repeat(15_000)}\n---\n`), /YAML that cannot be read: |name: must/],
  ['no description', md('---\nname: a\n---\n'), /^files: SKILL.md description: is required/],
  ['an empty description', md('---\nname: a\ndescription: ""\n---\n'), /SKILL.md description: is required/],
  ['a description that is a number', md('---\nname: a\ndescription: 1\n---\n'), /SKILL.md description: is required/],
  ['a description with NUL', md('---\nname: a\ndescription: "a\\0b"\n---\n'), /description: .* character U\+0000/],
  ['a description of 1,025', md(`---\nname: a\ndescription: ${'x'.repeat(1_025)}\n---\n`), /must have at most 1024/],
  [
    'a name that is a number',
    md('---\nname: 1\ndescription: d\n---\n'),
    /SKILL.md name: must consist of small letters/,
  ],
  ['capital letters', md('---\nname: Ab\ndescription: d\n---\n'), /SKILL.md name: must consist of small letters/],
  ['a name that leads out', md('---\nname: ../a\ndescription: d\n---\n'), /SKILL.md name: must consist of small/],
  ['a name that looks like an option', md('---\nname: -rf\ndescription: d\n---\n'), /SKILL.md name: must consist/],
  ['a name of 70', md(`---\nname: ${LONG}\ndescription: d\n---\n`), /SKILL.md name: must have at most 64 characters/],
  ['a reserved name', md('---\nname: my-claude\ndescription: d\n---\n'), /SKILL.md name: must not contain "claude"/],
  [
    'a directory that is no name',
    form(asFiles({ 'My Skill/SKILL.md': '---\ndescription: d\n---\n' })),
    /SKILL.md name: must/,
  ],
  ['no UTF-8', form(asFiles({ 'a/SKILL.md': Buffer.from([0x2d, 0xff]) })), /SKILL.md must be UTF-8/],
  ['a file that is alone and no zip', form(asFiles({ 'SKILL.md': skillMd('a') })), /or one zip archive of them/],
  ['1,001 files', form(many(1_001)), /^files: must be at most 1000/],
  [
    '30 MB and a byte',
    form(asFiles({ 'a/SKILL.md': skillMd('a'), 'a/b': Buffer.alloc(30 * MB) })),
    /^files: must have at most 30 MB/,
  ],
])('a form with %s is refused', async (_what, body, message) => {
  const answer = await refusal(body);
  expect(answer.message).toMatch(message);
  expect(answer.status).toBe(400);
});

const zipOf = async (...members: Packed[]) => packZip([MAIN, ...members]);

test.each<[string, () => Promise<Buffer>, RegExp]>([
  ['no member', () => packZip([]), /^files: is required/],
  [
    'an absolute path',
    async () => renameIn(await zipOf({ path: 'a/bcd' }), 'a/bcd', '/bcde'),
    /absolute path|must be relative/,
  ],
  [
    'a parent',
    async () => renameIn(await zipOf({ path: 'a/bc/d' }), 'a/bc/d', 'a/../d'),
    /invalid relative path|"\.\."/,
  ],
  [
    'a parent in front',
    async () => renameIn(await zipOf({ path: 'a/bc/d' }), 'a/bc/d', '../a/d'),
    /invalid relative path/,
  ],
  [
    'backslashes',
    async () => renameIn(await zipOf({ path: 'a/bc/d' }), 'a/bc/d', 'a\\bc\\d'),
    /invalid characters|\\\\/,
  ],
  [
    'NUL',
    async () => renameIn(await zipOf({ path: 'a/bcd' }), 'a/bcd', 'a/b\0d'),
    /must not contain the character U\+0000/,
  ],
  ['a control character', () => zipOf({ path: 'a/b\u001bd' }), /must not contain the character U\+001B/],
  ['a path twice', () => zipOf(MAIN), /"a\/SKILL.md" is there twice/],
  ['paths in other letters', () => zipOf({ path: 'a/b' }, { path: 'a/B' }), /in nothing but small and capital letters/],
  [
    'a link',
    () => zipOf({ path: 'a/link', content: '/etc/passwd', mode: 0o120777 }),
    /"a\/link" in the zip archive is a link/,
  ],
  ['a device', () => zipOf({ path: 'a/dev', mode: 0o020666 }), /is a link or another special file/],
  ['a pipe', () => zipOf({ path: 'a/pipe', mode: 0o010666 }), /is a link or another special file/],
  ['two directories', () => zipOf({ path: 'b/c' }), /must be in one directory/],
  ['no SKILL.md', () => packZip([{ path: 'a/b' }]), /must contain "a\/SKILL.md"/],
  ['no directory', () => packZip([{ path: 'SKILL.md', content: skillMd('a') }]), /must be in a directory/],
  [
    '40 MB of nothing',
    () => zipOf({ path: 'a/zeros', content: Buffer.alloc(40 * MB) }),
    /^files: must have at most 30 MB/,
  ],
  ['sixty megabytes in pieces', () => zipOf(...pieces(60)), /^files: must have at most 30 MB/],
  ['more than it declares', () => lyingBomb(), /^files: the zip archive cannot be read: too many bytes/],
  [
    '1,001 files',
    () => packZip(many(1_001).map(({ name: path }) => ({ path, content: skillMd('a') }))),
    /at most 1000/,
  ],
  ['2,001 directories', () => packZip(Array.from({ length: 2_001 }, (_, n) => ({ path: `a/${n}/` }))), /at most 1000/],
  ['an archive in it, and no more', async () => packZip([{ path: 'a/b.zip', content: await zipOf() }]), /must contain/],
  ['a member that is damaged', damaged, /"a\/SKILL.md" in the zip archive is damaged|cannot be read/],
  ['a member that is encrypted', encrypted, /is encrypted/],
  ['half of it', async () => (await zipOf()).subarray(0, 60), /^files: the zip archive cannot be read/],
  ['its first bytes only', async () => Buffer.from('PK\u0003\u0004'), /^files: the zip archive cannot be read/],
])('a zip archive with %s is refused', async (_what, pack, message) => {
  const answer = await refusal(form([zipFile(await pack())]));
  expect(answer.message).toMatch(message);
  expect(answer.status).toBe(400);
});

test('a body that says it is too large, and one that is, are 413', async () => {
  const answer = await refusal(form(asFiles({ 'a/SKILL.md': skillMd('a'), 'a/b': Buffer.alloc(33 * MB) })));
  expect(answer).toEqual({ status: 413, message: 'The request body is too large: 32 MB at most.' });
});

test('P5: 300 archives and forms with something wrong in their bytes: an answer to each, and never a 500', async () => {
  const choice = createChoice(11);
  const archive = await zipOf({ path: 'a/script.sh', content: '#!/bin/sh\n', mode: 0o100755 }, { path: 'a/d/' });
  const head = '--b\r\ncontent-disposition: form-data; name="files[]"; filename="';
  const written = Buffer.from(`${head}a/SKILL.md"\r\n\r\n${skillMd('a')}\r\n${head}a/b.md"\r\n\r\nhello\r\n--b--\r\n`);
  for (let sent = 0; sent < 300; sent++) {
    const isZip = choice.once(2);
    const bytes = Buffer.from(isZip ? archive : written);
    const changes = 1 + choice.below(6);
    for (let change = 0; change < changes; change++) bytes[choice.below(bytes.length)] = choice.below(256);
    const cut = bytes.subarray(0, choice.once(4) ? choice.below(bytes.length) : bytes.length);
    const body = isZip ? form([zipFile(cut)]) : new Uint8Array(cut);
    const headers: Record<string, string> = isZip ? {} : { 'content-type': 'multipart/form-data; boundary=b' };
    const response = await rawFetch(server, '/v1/skills', { method: 'POST', body, headers });
    const answer = (await response.json()) as { id?: string };
    expect([200, 400]).toContain(response.status);
    if (answer.id !== undefined) await server.client.beta.skills.delete(answer.id);
  }
  expect(await storedFiles(server.filesDir)).toEqual(before);
});

function both(one: string, other: string): Record<string, string> {
  return { 'a/SKILL.md': skillMd('a'), [one]: 'x', [other]: 'y' };
}

function twice(): FormData {
  const data = form(skillFiles('a'), { display_name: 'one' });
  data.append('display_name', 'two');
  return data;
}

function many(count: number): File[] {
  return asFiles({
    'a/SKILL.md': skillMd('a'),
    ...Object.fromEntries(Array.from({ length: count - 1 }, (_, n) => [`a/${n}`, 'x'])),
  });
}

function pieces(megabytes: number): Packed[] {
  return Array.from({ length: megabytes }, (_, n) => ({ path: `a/${n}`, content: Buffer.alloc(MB) }));
}

/** Each line has nine of the line before. */
function laughs(): string {
  const lines = ['a0: &a0 [x]'];
  for (let n = 1; n < 9; n++)
    lines.push(
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
    );
  return lines.join('\n');
}

/** Its one big member says in both headers that it has ten bytes. */
async function lyingBomb(): Promise<Buffer> {
  const size = 20 * MB;
  const archive = await zipOf({ path: 'a/bomb', content: Buffer.alloc(size) });
  const declared = Buffer.alloc(4);
  declared.writeUInt32LE(size);
  for (let at = archive.indexOf(declared); at >= 0; at = archive.indexOf(declared, at + 1))
    archive.writeUInt32LE(10, at);
  return archive;
}

async function damaged(): Promise<Buffer> {
  const archive = Buffer.from(await zipOf());
  const packed = deflateRawSync(Buffer.from(MAIN.content));
  const at = archive.indexOf(packed.subarray(0, 8));
  archive[at + 12] = (archive[at + 12] ?? 0) ^ 0xff;
  return archive;
}

async function encrypted(): Promise<Buffer> {
  const archive = Buffer.from(await zipOf());
  // The flags of its first member, in the central directory.
  const at = archive.indexOf(Buffer.from('PK\u0001\u0002', 'latin1')) + 8;
  archive[at] = (archive[at] ?? 0) | 1;
  return archive;
}
