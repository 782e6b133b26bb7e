import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BadRequestError, InternalServerError, NotFoundError } from '@anthropic-ai/sdk';
import { createTurns } from '../../src/catalog/files/turns.js';
import { createSessionResources } from '../../src/catalog/resources/session-resources.js';
import { DEFAULT_WORKSPACE } from '../../src/catalog/workspace.js';
import { createDiskContents } from '../../src/files/disk.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { rawFetch, type TestServer } from '../support/app.js';
import {
  REPOSITORY,
  refusal,
  type ResourceBench,
  type ResourceParams,
  startResourceBench,
} from '../support/resources.js';
import { storedFiles } from '../support/stored-files.js';

let bench: ResourceBench;
let server: TestServer;
let client: ResourceBench['client'];
beforeAll(async () => {
  bench = await startResourceBench();
  ({ server, client } = bench);
});
afterAll(() => server.stop());

describe('refused', () => {
  let file_id: string;
  beforeAll(async () => (file_id = await bench.upload('plain')));
  const at = (mount_path: string): ResourceParams => ({ type: 'file', file_id, mount_path });

  test.each<[string, () => ResourceParams[], RegExp]>([
    ['a file that is not there', () => [{ type: 'file', file_id: 'file_none' }], /resources\.0\.file_id: there is no/],
    ['a relative path', () => [at('x')], /resources\.0\.mount_path: must begin with/],
    ['a path that leads out', () => [at('/a/../../x')], /mount_path: must have no empty/],
    ['a path to nothing', () => [at('/')], /mount_path: must have no empty/],
    ['a path with two slashes', () => [at('/a//b')], /mount_path: must have no empty/],
    ['a path that is a directory', () => [at('/a/')], /mount_path: must have no empty/],
    ['a path with NUL', () => [at('/a\0b')], /mount_path: must have no control/],
    ['a long name', () => [at(`/${'x'.repeat(256)}`)], /mount_path: has a part that is too long/],
    ['a long path', () => [at('/abc'.repeat(300))], /mount_path: /],
    ['a path twice', () => [at('/a'), at('/b'), at('/a')], /resources\.2\.mount_path: another resource/],
    ['a file below a file', () => [at('/a/b/c'), at('/a')], /resources\.0\.mount_path: .* lies below/],
    [
      'the same file twice without a path',
      () => [
        { type: 'file', file_id },
        { type: 'file', file_id },
      ],
      /another resource/,
    ],
    ['another type', () => [{ type: 'folder' } as never], /resources\.0\.type: must be one of/],
    ['an unknown field', () => [{ type: 'file', file_id, mode: 1 } as never], /resources\.0: .*mode/],
    [
      'a repository by SSH',
      () => [{ ...REPOSITORY, url: 'git@github.com:octo/cat.git' }],
      /resources\.0\.url: must be/,
    ],
    ['a repository elsewhere', () => [{ ...REPOSITORY, url: 'https://gitlab.com/octo/cat' }], /resources\.0\.url/],
    ['a repository with .git', () => [{ ...REPOSITORY, url: `${REPOSITORY.url}.git` }], /resources\.0\.url/],
    ['a repository with a token in its URL', () => [{ ...REPOSITORY, url: 'https://x:y@github.com/o/c' }], /\.url/],
    [
      'a repository outside of the workspace',
      () => [{ ...REPOSITORY, mount_path: '/mnt/cat' }],
      /must lie below \/workspace/,
    ],
    ['a repository in place of the workspace', () => [{ ...REPOSITORY, mount_path: '/workspace' }], /must lie below/],
    ['two repositories at a place', () => [REPOSITORY, { ...REPOSITORY, url: 'https://github.com/o/cat' }], /another/],
    ['half a commit', () => [{ ...REPOSITORY, checkout: { type: 'commit', sha: 'abc123' } }], /checkout\.sha: /],
  ])('%s', async (_what, resources, message) => {
    const before = await storedFiles(server.filesDir);
    const error = await refusal(bench.create(resources()));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(String(error)).toMatch(message);
    expect(await storedFiles(server.filesDir)).toEqual(before);
  });

  test('files and repositories in a self-hosted environment', async () => {
    const { id } = await client.environments.create({ name: 'own', config: { type: 'self_hosted' } });
    const error = await refusal(bench.create([at('/x')], { environment_id: id }));
    expect(String(error)).toContain(
      `${id} is a self-hosted environment. \`resources\` are not supported with self-hosted environments.`,
    );
  });

  test('whatever was refused has left no row', async () => {
    const rows = await server.db.selectFrom('session_resources').select('session_id').distinct().execute();
    const sessions = await server.db.selectFrom('sessions').select('id').execute();
    expect(sessions.map(({ id }) => id)).toEqual(expect.arrayContaining(rows.map(({ session_id }) => session_id)));
  });

  test('adding what is no file, or is not there, or lies where something is', async () => {
    const session = await bench.create([at('/taken')]);
    const add = async (body: object) => {
      const response = await rawFetch(server, `/v1/sessions/${session.id}/resources`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return `${response.status} ${await response.text()}`;
    };
    expect(await add(REPOSITORY)).toMatch(/^400 .*type: /);
    expect(await add({ type: 'file', file_id: 'file_none' })).toMatch(/^400 .*"file_id: there is no file/);
    expect(await add({ type: 'file', file_id, mount_path: '/taken' })).toMatch(/^400 .*"mount_path: another resource/);
    expect(await add({ type: 'file', file_id, mount_path: '/taken/below' })).toMatch(
      /^400 .*"mount_path: .*lies below/,
    );
    expect(await add({ type: 'file', file_id, mount_path: '/in/it' })).toMatch(/^200 /);
    expect(await add({ type: 'file', file_id, mount_path: '/in' })).toMatch(
      /^400 .*"mount_path: [^"]*\/in\/it lies below [^"]*\/in,/,
    );
    expect(await add({ type: 'file' })).toMatch(/^400 .*file_id: is required/);
  });

  test('a file that cannot be put in its place now is not attached, and can be added again', async () => {
    const session = await bench.create([]);
    const inTheWay = join(server.dir, 'mounts', session.id);
    await mkdir(dirname(inTheWay), { recursive: true });
    await writeFile(inTheWay, '');
    const add = () => client.sessions.resources.add(session.id, { type: 'file', file_id, mount_path: '/f' });
    const before = await client.files.list({ limit: 1_000 });
    await expect(add()).rejects.toThrow(InternalServerError);
    expect((await client.sessions.resources.list(session.id)).data).toEqual([]);
    expect((await client.files.list({ limit: 1_000 })).data).toEqual(before.data);
    await rm(inTheWay);
    const { id } = await add();
    expect((await bench.shown(session.id)).files).toEqual({ f: 'plain' });
    // What was removed stays so, wherever it can still be seen until the next command.
    await rm(inTheWay, { recursive: true });
    await writeFile(inTheWay, '');
    expect(await client.sessions.resources.delete(id, { session_id: session.id })).toMatchObject({ id });
  });

  test('a session that is deleted while a file is being added gets no row that stays', async () => {
    const session = await bench.create([]);
    const { db, mounts } = server;
    const { content } = await db
      .selectFrom('files')
      .select('content')
      .where('id', '=', file_id)
      .executeTakeFirstOrThrow();
    const turns = createTurns();
    const secrets = openSecrets({ dataDir: server.dir, vaultKey: undefined, vaultNextKey: undefined });
    const times = { clock: Date.now, now: Date.now };
    const kept = { db, contents: createDiskContents(server.filesDir), turns, secrets, mounts, ...times };
    const noun = { workspace: DEFAULT_WORKSPACE, announce: async () => {} };
    const resources = createSessionResources({ ...kept, ...noun });
    const added = await turns.take(content ?? '', async () => {
      const adding = refusal(resources.add(session.id, { type: 'file', file_id }));
      await sleep(100);
      await client.sessions.delete(session.id);
      return { adding };
    });
    expect(await added.adding).toMatchObject({ type: 'not_found_error' });
    const rows = db.selectFrom('session_resources').selectAll().where('session_id', '=', session.id);
    expect(await rows.execute()).toEqual([]);
  });

  test('an archived session is changed no more', async () => {
    const session = await bench.create([at('/kept'), REPOSITORY]);
    await client.sessions.archive(session.id);
    const [file, repository] = session.resources;
    if (file?.type !== 'file' || repository?.type !== 'github_repository') throw new Error('not these');
    const { resources } = client.sessions;
    const params = { session_id: session.id };
    for (const request of [
      resources.add(session.id, { type: 'file', file_id }),
      resources.delete(file.id, params),
      resources.update(repository.id, { ...params, authorization_token: 't' }),
    ]) {
      expect(String(await refusal(request))).toMatch(/400.*session_id: .*archived/);
    }
    expect((await resources.list(session.id)).data).toEqual(session.resources);
  });

  test('resources of another session, workspace or none are not found', async () => {
    const one = await bench.create([at('/mine')]);
    const other = await bench.create([]);
    const [file] = one.resources;
    const id = file?.type === 'file' ? file.id : '';
    const { resources } = client.sessions;
    for (const session_id of [other.id, 'sesn_none']) {
      await expect(resources.retrieve(id, { session_id })).rejects.toThrow(NotFoundError);
      await expect(resources.update(id, { session_id, authorization_token: 't' })).rejects.toThrow(NotFoundError);
      await expect(resources.delete(id, { session_id })).rejects.toThrow(NotFoundError);
    }
    await expect(resources.list('sesn_none')).rejects.toThrow(NotFoundError);
    await expect(resources.add('sesn_none', { type: 'file', file_id })).rejects.toThrow(NotFoundError);
    await server.db.updateTable('files').set({ workspace: 'wrkspc_other' }).where('id', '=', file_id).execute();
    const error = await refusal(resources.add(other.id, { type: 'file', file_id }));
    await server.db.updateTable('files').set({ workspace: 'wrkspc_default' }).where('id', '=', file_id).execute();
    expect(String(error)).toMatch(/400.*there is no file/);
  });
});
