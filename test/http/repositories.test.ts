import { BadRequestError } from '@anthropic-ai/sdk';
import type { TestServer } from '../support/app.js';
import { REPOSITORY, refusal, type ResourceBench, startResourceBench } from '../support/resources.js';

let bench: ResourceBench;
let server: TestServer;
let client: ResourceBench['client'];
beforeAll(async () => {
  bench = await startResourceBench();
  ({ server, client } = bench);
});
afterAll(() => server.stop());

describe('repositories', () => {
  test('they are kept with their token, which nobody is told; another takes its place', async () => {
    const token = 'ghp_a-token-that-nobody-may-see';
    const session = await bench.create([
      { ...REPOSITORY, authorization_token: token, checkout: { type: 'branch', name: 'main' } },
      { ...REPOSITORY, mount_path: '/workspace/other', checkout: { type: 'commit', sha: 'a'.repeat(40) } },
    ]);
    const [first, second] = session.resources;
    expect(first).toEqual({
      type: 'github_repository',
      id: expect.stringMatching(/^sesrsc_/),
      url: REPOSITORY.url,
      mount_path: '/workspace/cat',
      checkout: { type: 'branch', name: 'main' },
      created_at: session.created_at,
      updated_at: session.created_at,
    });
    expect(second).toMatchObject({ mount_path: '/workspace/other', checkout: { type: 'commit' } });
    if (first?.type !== 'github_repository') throw new Error('not a repository');
    const secretOf = async () => {
      const row = await server.db
        .selectFrom('session_resources')
        .selectAll()
        .where('id', '=', first.id)
        .executeTakeFirst();
      return Buffer.from(row?.secret ?? '').toString('latin1');
    };
    const before = await secretOf();
    expect(before.length).toBeGreaterThan(token.length);
    expect(before).not.toContain(token);
    const params = { session_id: session.id, authorization_token: 'ghp_another' };
    const updated = await client.sessions.resources.update(first.id, params);
    expect(updated).toEqual({ ...first, updated_at: expect.any(String) });
    expect(await secretOf()).not.toBe(before);
    const answers = JSON.stringify([session, updated, await client.sessions.resources.list(session.id)]);
    expect(answers).not.toMatch(/ghp_/);
  });

  test('the agent is told that they are not there', async () => {
    const session = await bench.create([REPOSITORY]);
    expect(await server.mounts.describe(session.id)).toMatch(/could not be cloned.*https:\/\/github\.com\/octo\/cat/);
    expect(await server.mounts.describe((await bench.create([])).id)).not.toMatch(/cloned/);
  });

  test('only a token can be changed, and only of a repository; a session keeps its repositories', async () => {
    const session = await bench.create([REPOSITORY, { type: 'file', file_id: await bench.upload('f') }]);
    const [repository, file] = session.resources;
    if (repository?.type !== 'github_repository' || file?.type !== 'file') throw new Error('not these');
    const { resources } = client.sessions;
    const params = { session_id: session.id, authorization_token: 't' };
    await expect(resources.update(file.id, params)).rejects.toThrow(/only the token of a repository/);
    await expect(resources.update(repository.id, { ...params, authorization_token: '' })).rejects.toThrow(
      BadRequestError,
    );
    await expect(resources.update(repository.id, { ...params, url: 'x' } as never)).rejects.toThrow(/url/);
    await expect(resources.delete(repository.id, params)).rejects.toThrow(/keeps its repositories/);
  });
});

describe('vaults', () => {
  test('a session is made with vaults that are there, and cannot be given others', async () => {
    const vaults = await Promise.all(['one', 'two'].map((display_name) => client.vaults.create({ display_name })));
    const vault_ids = vaults.map(({ id }) => id);
    const session = await bench.create([], { vault_ids });
    expect(session.vault_ids).toEqual(vault_ids);
    expect((await client.sessions.retrieve(session.id)).vault_ids).toEqual(vault_ids);
    await expect(client.sessions.update(session.id, { vault_ids })).rejects.toThrow(/vault_ids: /);
  });

  test('those that are not there, or archived, are refused', async () => {
    const { id } = await client.vaults.create({ display_name: 'v' });
    expect(String(await refusal(bench.create([], { vault_ids: [id, 'vlt_none'] })))).toMatch(
      /vault_ids\.1: there is no vault/,
    );
    await client.vaults.archive(id);
    expect(String(await refusal(bench.create([], { vault_ids: [id] })))).toMatch(/vault_ids\.0: .*archived/);
  });
});
