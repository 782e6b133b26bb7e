import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
let vaults: Anthropic['beta']['vaults'];
beforeAll(async () => {
  server = await startTestServer();
  vaults = server.client.beta.vaults;
});
afterAll(() => server.stop());

test('create and retrieve', async () => {
  const vault = await vaults.create({ display_name: 'Alice', metadata: { user: 'u1' } });
  expect({ ...vault }).toEqual({
    type: 'vault',
    id: expect.stringMatching(/^vlt_\w{24}$/),
    display_name: 'Alice',
    metadata: { user: 'u1' },
    created_at: expect.stringMatching(/Z$/),
    updated_at: vault.created_at,
    archived_at: null,
  });
  expect(await vaults.retrieve(vault.id)).toEqual(vault);
  expect((await vaults.create({ display_name: 'x'.repeat(255) })).metadata).toEqual({});
});

test('update: what is omitted or null stays, metadata is merged', async () => {
  const { id, ...before } = await vaults.create({ display_name: 'a', metadata: { a: '1', b: '2' } });
  expect(await vaults.update(id, {})).toMatchObject(before);
  expect(await vaults.update(id, { display_name: null, metadata: null })).toMatchObject(before);
  const updated = await vaults.update(id, { display_name: 'b', metadata: { a: null, c: '' } });
  expect(updated).toMatchObject({ display_name: 'b', metadata: { b: '2', c: '' } });
  expect(updated.updated_at > before.updated_at).toBe(true);
  expect(await vaults.retrieve(id)).toEqual(updated);
});

test.each<[string, object, RegExp]>([
  ['no name', { display_name: undefined }, /display_name: is required/],
  ['an empty name', { display_name: '' }, /display_name: /],
  ['a long name', { display_name: 'x'.repeat(256) }, /display_name: /],
  ['a long metadata key', { metadata: { ['k'.repeat(65)]: '' } }, /metadata/],
  ['a long metadata value', { metadata: { k: 'x'.repeat(513) } }, /metadata\.k: /],
  ['what is not known', { name: 'x' }, /name/],
])('create with %s is 400', async (_what, change, message) => {
  const error = await vaults.create({ display_name: 'v', ...change }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
});

test('update with a bad name is 400, and so is a 17th pair of metadata', async () => {
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [n, '']));
  const { id } = await vaults.create({ display_name: 'v', metadata });
  await expect(vaults.update(id, { display_name: '' })).rejects.toThrow(/400.*display_name: /);
  await expect(vaults.update(id, { metadata: { more: '' } })).rejects.toThrow(/400.*metadata: has more than 16/);
});

test('lists are newest first, in pages, without the archived ones unless asked for', async () => {
  const made: string[] = [];
  for (let n = 0; n < 45; n++) made.unshift((await vaults.create({ display_name: `v${n}` })).id);
  const gone = made[3] ?? '';
  await vaults.archive(gone);
  const seen = async (include_archived: boolean) => {
    const ids: string[] = [];
    for await (const { id } of vaults.list({ limit: 20, include_archived })) ids.push(id);
    return ids.filter((id) => made.includes(id));
  };
  expect(await seen(true)).toEqual(made);
  expect(await seen(false)).toEqual(made.filter((id) => id !== gone));
  const page = await vaults.list();
  expect(page.data).toHaveLength(20);
  await expect(server.client.beta.environments.list({ page: page.next_page })).rejects.toThrow(/not a cursor/);
  for (const limit of ['0', '101', 'x']) {
    const response = await rawFetch(server, `/v1/vaults?limit=${limit}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(/^limit: /) } });
  }
});

test('an archived one is read-only and stays readable', async () => {
  const { id } = await vaults.create({ display_name: 'v' });
  const archived = await vaults.archive(id);
  expect(archived.archived_at).not.toBeNull();
  expect({ ...(await vaults.archive(id)) }).toEqual({ ...archived });
  expect({ ...(await vaults.retrieve(id)) }).toEqual({ ...archived });
  await expect(vaults.update(id, { display_name: 'x' })).rejects.toThrow(/400.*vault_id: .*archived/);
  const auth = { type: 'static_bearer' as const, token: 't', mcp_server_url: 'https://example.com' };
  await expect(vaults.credentials.create(id, { auth })).rejects.toThrow(/400.*vault_id: .*archived/);
});

test('delete is for good', async () => {
  const { id } = await vaults.create({ display_name: 'v' });
  expect({ ...(await vaults.delete(id)) }).toEqual({ id, type: 'vault_deleted' });
  await expect(vaults.retrieve(id)).rejects.toThrow(NotFoundError);
  await expect(vaults.update(id, {})).rejects.toThrow(NotFoundError);
  await expect(vaults.archive(id)).rejects.toThrow(NotFoundError);
  await expect(vaults.delete(id)).rejects.toThrow(NotFoundError);
  await expect(vaults.credentials.list(id)).rejects.toThrow(NotFoundError);
});

test('a session names vaults that are there and not archived', async () => {
  const { beta } = server.client;
  const { id: vault } = await vaults.create({ display_name: 'v' });
  const { id: agent } = await beta.agents.create({ name: 'a', model: 'm' });
  const { id: environment_id } = await beta.environments.create({ name: 'e' });
  const create = (...vault_ids: string[]) => beta.sessions.create({ agent, environment_id, vault_ids });
  const session = await create(vault);
  expect(session.vault_ids).toEqual([vault]);
  await expect(create(vault, 'vlt_0')).rejects.toThrow(/400.*vault_ids.1: .*vlt_0/);
  await vaults.archive(vault);
  await expect(create(vault)).rejects.toThrow(/400.*vault_ids.0: .*archived/);
  expect((await beta.sessions.retrieve(session.id)).vault_ids).toEqual([vault]);
});
