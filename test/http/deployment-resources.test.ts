import type { Anthropic } from '@anthropic-ai/sdk';
import { openSecrets } from '../../src/vault/secrets.js';
import { startTestServer, type TestServer } from '../support/app.js';
import { createDeployment } from '../support/deployments.js';

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

test('what is not there is refused now, and what is gone later fails the run', async () => {
  const { vaults } = beta;
  await expect(createDeployment(server.client, { vault_ids: ['vlt_none'] })).rejects.toThrow(
    /400.*vault_ids\.0: there is no vault/,
  );
  const missing = [{ type: 'file' as const, file_id: 'file_none' }];
  await expect(createDeployment(server.client, { resources: missing })).rejects.toThrow(/400.*resources\.0\.file_id/);
  const archived = await vaults.create({ display_name: 'v' });
  const deleted = await vaults.create({ display_name: 'v' });
  const file = await beta.files.upload({ file: new File(['x'], 'a.txt') });
  const first = await createDeployment(server.client, { vault_ids: [archived.id] });
  const second = await createDeployment(server.client, { vault_ids: [deleted.id] });
  const third = await createDeployment(server.client, { resources: [{ type: 'file', file_id: file.id }] });
  await vaults.archive(archived.id);
  await vaults.delete(deleted.id);
  await beta.files.delete(file.id);
  const errors = [];
  for (const { id } of [first, second, third]) errors.push((await beta.deployments.run(id)).error?.type);
  expect(errors).toEqual(['vault_archived_error', 'vault_not_found_error', 'file_not_found_error']);
});
