import type { Anthropic } from '@anthropic-ai/sdk';
import { openSecrets } from '../../src/vault/secrets.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment } from '../support/deployments.js';
import { skillFiles } from '../support/skill-files.js';

let server: TestServer;
let beta: Anthropic['beta'];
beforeAll(async () => {
  server = await startTestServer();
  ({ beta } = server.client);
});
afterAll(() => server.stop());

const url = 'https://github.com/octo/demo';
const repository = { type: 'github_repository' as const, url, authorization_token: 'ghp_planted' };

test('resources and vaults are checked, and shown without the tokens, which are stored sealed and reach the sessions', async () => {
  const vault = await beta.vaults.create({ display_name: 'v' });
  const file = await beta.files.upload({ file: new File(['x'], 'a.txt') });
  const resources = [{ type: 'file' as const, file_id: file.id }, repository];
  const deployment = await createDeployment(server.client, { resources, vault_ids: [vault.id] });
  expect(deployment).toMatchObject({ vault_ids: [vault.id] });
  expect(deployment.resources).toEqual([resources[0], { type: 'github_repository', url }]);
  const stored = await server.db.selectFrom('deployments').selectAll().where('id', '=', deployment.id).execute();
  expect(
    Buffer.concat([Buffer.from(JSON.stringify(stored)), stored[0]?.secret ?? Buffer.alloc(0)]).includes('ghp_planted'),
  ).toBe(false);
  const renamed = await beta.deployments.update(deployment.id, { name: 'renamed' });
  expect(renamed.resources).toEqual(deployment.resources);
  const { session_id } = await beta.deployments.run(deployment.id);
  const session = await beta.sessions.retrieve(session_id ?? '');
  expect(session).toMatchObject({
    vault_ids: [vault.id],
    resources: [{ type: 'file' }, { type: 'github_repository', url }],
  });
  const [row] = await server.db
    .selectFrom('session_resources')
    .selectAll()
    .where('session_id', '=', session.id)
    .where('type', '=', 'github_repository')
    .execute();
  const secrets = openSecrets({ dataDir: server.dir, vaultKey: undefined, vaultNextKey: undefined });
  const { id = null, key_id = null, secret = null } = row ?? {};
  expect(secrets.open(id ?? '', { key_id: key_id ?? '', secret: secret ?? new Uint8Array() })).toBe('ghp_planted');
  const cleared = await beta.deployments.update(deployment.id, { resources: null, vault_ids: null });
  expect(cleared).toMatchObject({ resources: [], vault_ids: [] });
});

test('another token alone is a change', async () => {
  const { id, updated_at } = await createDeployment(server.client, { resources: [repository] });
  const same = await beta.deployments.update(id, { resources: [repository] });
  expect(same.updated_at).toBe(updated_at);
  const other = await beta.deployments.update(id, { resources: [{ ...repository, authorization_token: 'ghp_other' }] });
  expect(other.updated_at > updated_at).toBe(true);
});

test('an archived deployment keeps no token', async () => {
  const { id } = await createDeployment(server.client, { resources: [repository] });
  const archived = await beta.deployments.archive(id);
  expect(archived.resources).toEqual([{ type: 'github_repository', url }]);
  const kept = server.db.selectFrom('deployments').select(['key_id', 'secret']).where('id', '=', id);
  expect(await kept.execute()).toEqual([{ key_id: null, secret: null }]);
});

function createWith(change: object) {
  return createDeployment(server.client, change);
}

test('what is not there is refused now', async () => {
  await expect(createWith({ vault_ids: ['vlt_none'] })).rejects.toThrow(/400.*vault_ids\.0: there is no vault/);
  const file = { type: 'file', file_id: 'file_none' };
  await expect(createWith({ resources: [file] })).rejects.toThrow(/400.*resources\.0\.file_id/);
  const store = { type: 'memory_store', memory_store_id: 'memstore_none' };
  await expect(createWith({ resources: [store] })).rejects.toThrow(/404.*memstore_none/);
});

describe('what is gone later fails the run, by its name', () => {
  test.each<[string, () => Promise<{ change: object; remove: () => Promise<unknown> }>]>([
    [
      'vault_archived_error',
      async () => {
        const { id } = await beta.vaults.create({ display_name: 'v' });
        return { change: { vault_ids: [id] }, remove: () => beta.vaults.archive(id) };
      },
    ],
    [
      'vault_not_found_error',
      async () => {
        const { id } = await beta.vaults.create({ display_name: 'v' });
        return { change: { vault_ids: [id] }, remove: () => beta.vaults.delete(id) };
      },
    ],
    [
      'file_not_found_error',
      async () => {
        const { id: file_id } = await beta.files.upload({ file: new File(['x'], 'a.txt') });
        return { change: { resources: [{ type: 'file', file_id }] }, remove: () => beta.files.delete(file_id) };
      },
    ],
    [
      'memory_store_archived_error',
      async () => {
        const { id: memory_store_id } = await beta.memoryStores.create({ name: 's' });
        const resources = [{ type: 'memory_store', memory_store_id }];
        return { change: { resources }, remove: () => beta.memoryStores.archive(memory_store_id) };
      },
    ],
    [
      'session_resource_not_found_error',
      async () => {
        const { id: memory_store_id } = await beta.memoryStores.create({ name: 's' });
        const resources = [{ type: 'memory_store', memory_store_id }];
        return { change: { resources }, remove: () => beta.memoryStores.delete(memory_store_id) };
      },
    ],
    [
      'skill_not_found_error',
      async () => {
        const { id: skill_id } = await beta.skills.create({ files: skillFiles('demo') });
        const skills = [{ type: 'custom' as const, skill_id }];
        const agent = await beta.agents.create({
          name: 'a',
          model: 'm',
          tools: [{ type: 'agent_toolset_20260401' }],
          skills,
        });
        return { change: { agent: agent.id }, remove: () => beta.skills.delete(skill_id) };
      },
    ],
  ])('%s', async (expected, prepare) => {
    const { change, remove } = await prepare();
    const { id } = await createDeployment(server.client, change);
    await remove();
    expect((await beta.deployments.run(id)).error?.type).toBe(expected);
  });
});
