import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '@anthropic-ai/sdk';
import type { TestServer } from '../support/app.js';
import { addOutput } from '../support/outputs.js';
import {
  REPOSITORY,
  refusal,
  type ResourceBench,
  type ResourceParams,
  startResourceBench,
} from '../support/resources.js';
import { storedFiles, sweepFiles } from '../support/stored-files.js';

let skippedMs = 0;
let bench: ResourceBench;
let server: TestServer;
let client: ResourceBench['client'];
beforeAll(async () => {
  bench = await startResourceBench(() => Date.now() + skippedMs);
  ({ server, client } = bench);
});
afterAll(() => server.stop());
afterEach(() => (skippedMs = 0));

describe('files', () => {
  test('a session has its own copy, at its path, and shows it wherever it is shown', async () => {
    const file_id = await bench.upload('data.csv', 'a,b\n');
    const session = await bench.create([{ type: 'file', file_id, mount_path: '/in/data.csv' }]);
    const resource = {
      type: 'file',
      id: expect.stringMatching(/^sesrsc_\w{24}$/),
      file_id: expect.stringMatching(/^file_\w{24}$/),
      mount_path: '/mnt/session/uploads/in/data.csv',
      created_at: session.created_at,
      updated_at: session.created_at,
    };
    expect(session.resources).toEqual([resource]);
    const [own] = session.resources;
    if (own?.type !== 'file') throw new Error('not a file');
    expect(own.file_id).not.toBe(file_id);
    expect((await client.sessions.retrieve(session.id)).resources).toEqual([own]);
    const listed = (await client.sessions.list()).data.find(({ id }) => id === session.id);
    expect(listed?.resources).toEqual([own]);
    expect(await client.sessions.resources.retrieve(own.id, { session_id: session.id })).toEqual(own);
    expect((await client.sessions.resources.list(session.id)).data).toEqual([own]);
    expect(await client.files.retrieveMetadata(own.file_id)).toMatchObject({
      filename: 'data.csv',
      mime_type: 'text/plain',
      size_bytes: 4,
      downloadable: false,
      expires_at: null,
      scope: { type: 'session', id: session.id },
    });
    expect((await bench.shown(session.id)).files).toEqual({ 'in/data.csv': 'a,b\n' });
  });

  test('without a path it is called by its id; its mode lets every user read it', async () => {
    const file_id = await bench.upload('x.bin');
    const session = await bench.create([
      { type: 'file', file_id },
      { type: 'file', file_id, mount_path: '/deep/er/x' },
    ]);
    expect(session.resources.map((one) => one.mount_path)).toEqual([
      `/mnt/session/uploads/${file_id}`,
      '/mnt/session/uploads/deep/er/x',
    ]);
    expect((await bench.shown(session.id)).files).toEqual({ [file_id]: 'x.bin', 'deep/er/x': 'x.bin' });
    const { from } = await bench.shown(session.id);
    const modes = ['', 'deep', 'deep/er', 'deep/er/x', file_id].map(async (name) =>
      ((await stat(join(from, name))).mode & 0o777).toString(8),
    );
    expect(await Promise.all(modes)).toEqual(['755', '755', '755', '444', '444']);
  });

  test('add and delete while the session is there: the sandbox has it at once, and then no more', async () => {
    const session = await bench.create([]);
    expect((await bench.shown(session.id)).files).toEqual({});
    const file_id = await bench.upload('late.txt');
    const added = await client.sessions.resources.add(session.id, { type: 'file', file_id, mount_path: '/late.txt' });
    expect(added).toMatchObject({ type: 'file', mount_path: '/mnt/session/uploads/late.txt' });
    const { from } = await bench.shown(session.id);
    expect(await readdir(from)).toEqual(['late.txt']);
    const echoed = await client.sessions.resources.add(session.id, {
      type: 'file',
      file_id,
      mount_path: '/mnt/session/uploads/dir/again.txt',
    });
    expect(echoed.mount_path).toBe('/mnt/session/uploads/dir/again.txt');
    const listed = await client.sessions.resources.list(session.id, { limit: 1 });
    expect(listed.data).toEqual([added]);
    expect((await client.sessions.resources.list(session.id, { limit: 1, page: listed.next_page })).data).toEqual([
      echoed,
    ]);
    expect(await client.sessions.resources.delete(added.id, { session_id: session.id })).toMatchObject({
      id: added.id,
      type: 'session_resource_deleted',
    });
    expect(await readdir(from)).toEqual(['dir']);
    await client.sessions.resources.delete(echoed.id, { session_id: session.id });
    expect(await readdir(from)).toEqual([]);
    await expect(client.files.retrieveMetadata(added.file_id)).rejects.toThrow(NotFoundError);
    expect(await client.files.retrieveMetadata(file_id)).toMatchObject({ filename: 'late.txt' });
  });

  test('another file at the path of one that was removed is what is seen there', async () => {
    const session = await bench.create([
      { type: 'file', file_id: await bench.upload('one', 'same size'), mount_path: '/f' },
    ]);
    expect((await bench.shown(session.id)).files).toEqual({ f: 'same size' });
    await client.sessions.resources.delete(session.resources[0]?.type === 'file' ? session.resources[0].id : '', {
      session_id: session.id,
    });
    const other = { type: 'file', file_id: await bench.upload('two', 'eziS emas'), mount_path: '/f/g' } as const;
    await client.sessions.resources.add(session.id, other);
    expect((await bench.shown(session.id)).files).toEqual({ 'f/g': 'eziS emas' });
  });

  test('the copy outlives the file it was made of, deleted or expired', async () => {
    const gone = await bench.upload('gone.txt', 'still here');
    const brief = await bench.upload('brief.txt', 'not for long', 3_600);
    const session = await bench.create([
      { type: 'file', file_id: gone, mount_path: '/gone.txt' },
      { type: 'file', file_id: brief, mount_path: '/brief.txt' },
    ]);
    await client.files.delete(gone);
    skippedMs = 3_700_000;
    await server.catalog.files.removeExpired();
    await sweepFiles(server);
    expect((await bench.shown(session.id)).files).toEqual({ 'gone.txt': 'still here', 'brief.txt': 'not for long' });
    expect(String(await refusal(bench.create([{ type: 'file', file_id: brief }])))).toMatch(
      /resources\.0\.file_id: .*expired/,
    );
  });

  test('what another session has made can be given to this one', async () => {
    const maker = await bench.create([]);
    const made = await addOutput(server, maker.id, 'report.md', '# Report');
    const session = await bench.create([{ type: 'file', file_id: made.id, mount_path: '/report.md' }]);
    await client.sessions.delete(maker.id);
    expect((await bench.shown(session.id)).files).toEqual({ 'report.md': '# Report' });
  });

  test('a directory that a crash has left half done is made good', async () => {
    const session = await bench.create([
      { type: 'file', file_id: await bench.upload('whole', 'whole'), mount_path: '/a/whole' },
    ]);
    const { from } = await bench.shown(session.id);
    await rm(join(from, 'a'), { recursive: true });
    await writeFile(join(from, 'a'), 'a stray');
    await mkdir(join(from, 'empty'));
    await writeFile(join(from, '..', 'contents', 'draft'), 'half a f');
    // Another file, so that it is looked at again.
    await client.sessions.resources.add(session.id, {
      type: 'file',
      file_id: await bench.upload('b'),
      mount_path: '/b',
    });
    expect((await bench.shown(session.id)).files).toEqual({ 'a/whole': 'whole', b: 'b' });
    expect(await readdir(from)).toEqual(['a', 'b']);
    expect(await readdir(join(from, '..', 'contents'))).toHaveLength(2);
  });

  test('500 files are taken, another one is not', async () => {
    const file_id = await bench.upload('many');
    const many = Array.from({ length: 500 }, (_, n): ResourceParams => ({
      type: 'file',
      file_id,
      mount_path: `/${n}`,
    }));
    const session = await bench.create([...many, REPOSITORY]);
    expect((await client.sessions.resources.list(session.id)).data).toHaveLength(501);
    const more = client.sessions.resources.add(session.id, { type: 'file', file_id, mount_path: '/more' });
    await expect(more).rejects.toThrow(/500 files already/);
    await expect(bench.create([...many, { type: 'file', file_id, mount_path: '/more' }])).rejects.toThrow(
      /resources: has more than 500 files/,
    );
    // Of a deployment's, 500 are all.
    const begin = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'go' }] };
    const deployment = { name: 'd', agent: 'a', environment_id: 'e', initial_events: [begin] };
    await expect(client.deployments.create({ ...deployment, resources: [...many, REPOSITORY] })).rejects.toThrow(
      /resources: .*500/,
    );
  });
});

test('directories of sessions that are there no more are swept away, those of others stay', async () => {
  const session = await bench.create([]);
  await bench.shown(session.id);
  const directory = join(server.dir, 'mounts');
  await mkdir(join(directory, 'sesn_gone', 'files'), { recursive: true });
  await server.mounts.sweep(async (id) => id !== 'sesn_gone');
  expect(await readdir(directory)).not.toContain('sesn_gone');
  expect(await readdir(directory)).toContain(session.id);
});

test('a memory store that no session has finds no session', async () => {
  expect((await client.sessions.list({ memory_store_id: 'memstore_1' })).data).toEqual([]);
});

test('a session that is deleted leaves nothing: no row, no bytes, no directory', async () => {
  const before = await storedFiles(server.filesDir);
  const file_id = await bench.upload('given', 'given to it');
  const kept = await storedFiles(server.filesDir);
  const session = await bench.create([
    { type: 'file', file_id },
    { ...REPOSITORY, authorization_token: 't' },
  ]);
  await bench.shown(session.id);
  await addOutput(server, session.id, 'made', 'made by it');
  expect(await storedFiles(server.filesDir)).toHaveLength(kept.length + 1);
  await client.sessions.delete(session.id);
  // What the engine does when the workflow is gone.
  await server.mounts.remove(session.id);
  for (const table of ['session_resources', 'session_outputs', 'files'] as const) {
    const rows = await server.db.selectFrom(table).select('session_id').where('session_id', '=', session.id).execute();
    expect(rows).toEqual([]);
  }
  expect(await readdir(join(server.dir, 'mounts'))).not.toContain(session.id);
  expect(await storedFiles(server.filesDir)).toEqual(kept);
  await client.files.delete(file_id);
  expect(await storedFiles(server.filesDir)).toEqual(before);
  await expect(server.mounts.prepare(session.id)).rejects.toThrow(/not there/);
  await server.mounts.collect(session.id);
});
