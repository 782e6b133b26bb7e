import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';
import { addOutput } from '../support/outputs.js';
import { storedFiles, sweepFiles } from '../support/stored-files.js';

const DAY_MS = 24 * 3_600_000;

let server: TestServer;
let files: Anthropic['beta']['files'];
let skippedMs = 0;
beforeAll(async () => {
  server = await startTestServer({ now: () => Date.now() + skippedMs });
  files = server.client.beta.files;
});
afterAll(() => server.stop());

function named(name: string, content = name, type = 'text/plain'): File {
  return new File([content], name, { type });
}

function output(session_id: string, path: string, content = path) {
  return addOutput(server, session_id, path, content);
}

async function idsOf(params: Anthropic.Beta.FileListParams): Promise<string[]> {
  return (await files.list(params)).data.map(({ id }) => id);
}

async function refusal(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'no refusal',
    (error: unknown) => error,
  );
}

test('upload, look at it, delete it', async () => {
  const file = await files.upload({ file: named('notes.txt', 'hello') });
  expect({ ...file }).toEqual({
    type: 'file',
    id: expect.stringMatching(/^file_\w{24}$/),
    filename: 'notes.txt',
    mime_type: 'text/plain',
    size_bytes: 5,
    created_at: expect.stringMatching(/Z$/),
    downloadable: false,
    expires_at: null,
    scope: null,
  });
  expect(await files.retrieveMetadata(file.id)).toEqual(file);
  expect(await files.delete(file.id)).toMatchObject({ id: file.id, type: 'file_deleted' });
  await expect(files.retrieveMetadata(file.id)).rejects.toThrow(NotFoundError);
  await expect(files.download(file.id)).rejects.toThrow(NotFoundError);
  await expect(files.delete(file.id)).rejects.toThrow(NotFoundError);
});

test('what was uploaded cannot be downloaded', async () => {
  const { id } = await files.upload({ file: named('a.txt') });
  const error = await refusal(files.download(id));
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error).toMatchObject({ error: { error: { details: { error_code: 'file_not_downloadable' } } } });
});

test('what a session has made is in its scope and can be downloaded, to the byte', async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
  const made = await addOutput(server, 'sesn_1', 'out/Übersicht (1)\u2019s.pdf', bytes);
  expect(made).toMatchObject({
    filename: 'Übersicht (1)’s.pdf',
    mime_type: 'application/pdf',
    size_bytes: 300_000,
    downloadable: true,
    scope: { type: 'session', id: 'sesn_1' },
  });
  const response = await files.download(made.id);
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  expect(response.headers.get('content-type')).toBe('application/pdf');
  expect(response.headers.get('content-length')).toBe('300000');
  expect(response.headers.get('content-disposition')).toBe(
    "attachment; filename*=UTF-8''%C3%9Cbersicht%20%281%29%E2%80%99s.pdf",
  );
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test('equal files are two, and the bytes of one outlive the other', async () => {
  const before = (await storedFiles(server.filesDir)).length;
  const [first, second] = await Promise.all([output('sesn_2', 'a.bin', 'twins'), output('sesn_2', 'b.bin', 'twins')]);
  expect(await storedFiles(server.filesDir)).toHaveLength(before + 1);
  await files.delete(first.id);
  expect(await (await files.download(second.id)).text()).toBe('twins');
  await files.delete(second.id);
  expect(await storedFiles(server.filesDir)).toHaveLength(before);
});

test('uploads and deletions of equal files at the same time: each file that is left has its bytes', async () => {
  const before = (await storedFiles(server.filesDir)).length;
  const left = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const { id } = await output('sesn_3', `${index}/same.bin`, 'the same');
      if (index % 2 === 1) return [id];
      await files.delete(id);
      return [];
    }),
  );
  expect(left.flat()).toHaveLength(20);
  for (const id of left.flat()) expect(await (await files.download(id)).text()).toBe('the same');
  await Promise.all(left.flat().map((id) => files.delete(id)));
  expect(await storedFiles(server.filesDir)).toHaveLength(before);
});

test('a file that is deleted once is not deleted twice at the same time', async () => {
  const { id } = await output('sesn_4', 'once.txt');
  const results = await Promise.allSettled([files.delete(id), files.delete(id)]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

describe('expiry', () => {
  afterEach(() => (skippedMs = 0));

  test('its time is that of the upload and the seconds that were asked for', async () => {
    const file = await files.upload({ file: named('a.txt'), expires_in_seconds: 3_600 });
    expect(Date.parse(file.expires_at ?? '') - Date.parse(file.created_at)).toBe(3_600_000);
  });

  test.each([3_599, 7_776_001, -1, 3_600.5])('%d seconds are refused', async (expires_in_seconds) => {
    const before = await storedFiles(server.filesDir);
    await expect(files.upload({ file: named('a.txt', 'not kept'), expires_in_seconds })).rejects.toThrow(
      /expires_in_seconds: must be an integer between 3600 and 7776000/,
    );
    expect(await storedFiles(server.filesDir)).toEqual(before);
  });

  test('expired: the bytes are gone at once for who asks and then for good; the metadata stays for 30 days', async () => {
    const before = await storedFiles(server.filesDir);
    const { id } = await files.upload({ file: named('a.txt', 'for an hour'), expires_in_seconds: 3_600 });
    skippedMs = 3_700_000;
    const early = await refusal(files.download(id));
    await server.catalog.files.removeExpired();
    expect(await storedFiles(server.filesDir)).toEqual(before);
    for (const error of [early, await refusal(files.download(id))]) {
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ error: { error: { details: { error_code: 'file_expired' } } } });
    }
    expect(await files.retrieveMetadata(id)).toMatchObject({ filename: 'a.txt', size_bytes: 11 });
    skippedMs = 29 * DAY_MS;
    await server.catalog.files.removeExpired();
    expect(await idsOf({ ids: [id] })).toEqual([id]);
    skippedMs = 31 * DAY_MS;
    await server.catalog.files.removeExpired();
    await expect(files.retrieveMetadata(id)).rejects.toThrow(NotFoundError);
  });

  test('bytes that another file has too outlive the one that expires', async () => {
    await files.upload({ file: named('a.txt', 'shared'), expires_in_seconds: 3_600 });
    const { id } = await output('sesn_5', 'b.txt', 'shared');
    skippedMs = 3_700_000;
    await server.catalog.files.removeExpired();
    expect(await (await files.download(id)).text()).toBe('shared');
  });
});

describe('lists', () => {
  let made: string[];
  beforeAll(async () => {
    made = [];
    for (let n = 0; n < 25; n++) made.unshift((await output('sesn_list', `${n}.txt`)).id);
  });

  test('newest first, in pages, each once', async () => {
    const seen: string[] = [];
    for await (const { id } of files.list({ scope_id: 'sesn_list', limit: 10 })) seen.push(id);
    expect(seen).toEqual(made);
    const first = await files.list({ scope_id: 'sesn_list' });
    expect(first.data).toHaveLength(20);
    await output('sesn_list', 'new.txt').then(({ id }) => made.unshift(id));
    const second = await files.list({ scope_id: 'sesn_list', page: first.next_page });
    expect(second.data.map(({ id }) => id)).toEqual(made.slice(21));
    expect(second.next_page).toBeNull();
  });

  test('a page has its rows and the next page, and nothing else', async () => {
    const response = await rawFetch(server, '/v1/files?scope_id=sesn_list&limit=1');
    const page = { data: [expect.objectContaining({ id: made[0] })], next_page: expect.stringMatching(/^page_/) };
    expect(await response.json()).toEqual(page);
  });

  test('a scope lists its own; without one all are listed', async () => {
    const { id } = await files.upload({ file: named('mine.txt') });
    expect(await idsOf({ scope_id: 'sesn_none' })).toEqual([]);
    expect(await idsOf({ limit: 2 })).toEqual([id, made[0]]);
    expect(await idsOf({ limit: 1_000 })).toEqual(expect.arrayContaining([id, ...made]));
  });

  test('ids: those that are there, newest first, in one page', async () => {
    const [newest = '', second = ''] = made;
    const page = await files.list({ ids: [second, 'file_none', newest, second] });
    expect(page.data.map(({ id }) => id)).toEqual([newest, second]);
    expect(page.next_page).toBeNull();
    expect(await idsOf({ ids: [newest], scope_id: 'sesn_none' })).toEqual([]);
    expect((await idsOf({ ids: null })).length).toBeGreaterThan(1);
  });

  test.each<[string, Anthropic.Beta.FileListParams, RegExp]>([
    ['a limit of 0', { limit: 0 }, /limit: must be an integer between 1 and 1000/],
    ['a limit of 1,001', { limit: 1_001 }, /limit: must be an integer between 1 and 1000/],
    ['a cursor of another list', { page: 'page_x' }, /page: /],
    ['101 ids', { ids: Array.from({ length: 101 }, (_, n) => `file_${n}`) }, /ids: must be at most 100/],
    ['ids and a limit', { ids: ['file_1'], limit: 5 }, /ids: cannot be combined with limit or page/],
    ['ids and a page', { ids: ['file_1'], page: 'page_x' }, /ids: cannot be combined with limit or page/],
  ])('%s is refused', async (_what, params, message) => {
    const error = await refusal(files.list(params).asResponse());
    expect(error).toBeInstanceOf(BadRequestError);
    expect(String(error)).toMatch(message);
  });

  test('100 ids and some of them twice are taken', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `file_${n}`);
    expect(await idsOf({ ids: [...ids, ...ids.slice(0, 9)] })).toEqual([]);
  });
});

test('another workspace sees none of it', async () => {
  const { id } = await output('sesn_6', 'a.txt');
  await server.db.updateTable('files').set({ workspace: 'wrkspc_other' }).where('id', '=', id).execute();
  const { status } = await rawFetch(server, `/v1/files/${id}`);
  const download = await rawFetch(server, `/v1/files/${id}/content`);
  const deletion = await rawFetch(server, `/v1/files/${id}`, { method: 'DELETE' });
  expect([status, download.status, deletion.status]).toEqual([404, 404, 404]);
  expect(await idsOf({ ids: [id], scope_id: 'sesn_6' })).toEqual([]);
});

test('what no row names any more is swept away, what one names stays', async () => {
  const { id } = await output('sesn_7', 'kept.txt');
  const lost = await output('sesn_7', 'lost.txt', 'a row was never written');
  await server.db.deleteFrom('files').where('id', '=', lost.id).execute();
  const before = (await storedFiles(server.filesDir)).length;
  await sweepFiles(server);
  expect(await storedFiles(server.filesDir)).toHaveLength(before - 1);
  expect(await (await files.download(id)).text()).toBe('kept.txt');
});
