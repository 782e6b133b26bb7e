import { ROUTES } from '../../src/http/routes.js';
import { rawFetch, startTestServer, type TestServer } from '../support/app.js';

/** What this release carries out; every other row answers 501. */
const BUILT = [
  'agents.create',
  'agents.retrieve',
  'agents.update',
  'agents.list',
  'agents.archive',
  'agents.versions.list',
  'environments.create',
  'environments.retrieve',
  'environments.update',
  'environments.list',
  'environments.delete',
  'environments.archive',
  'environments.work.retrieve',
  'environments.work.update',
  'environments.work.list',
  'environments.work.ack',
  'environments.work.heartbeat',
  'environments.work.poll',
  'environments.work.stats',
  'environments.work.stop',
  'sessions.create',
  'sessions.retrieve',
  'sessions.update',
  'sessions.list',
  'sessions.delete',
  'sessions.archive',
  'sessions.events.list',
  'sessions.events.send',
  'sessions.events.stream',
  'sessions.resources.retrieve',
  'sessions.resources.update',
  'sessions.resources.list',
  'sessions.resources.delete',
  'sessions.resources.add',
  'sessions.threads.retrieve',
  'sessions.threads.list',
  'sessions.threads.archive',
  'sessions.threads.events.list',
  'sessions.threads.events.stream',
  'vaults.create',
  'vaults.retrieve',
  'vaults.update',
  'vaults.list',
  'vaults.delete',
  'vaults.archive',
  'vaults.credentials.create',
  'vaults.credentials.retrieve',
  'vaults.credentials.update',
  'vaults.credentials.list',
  'vaults.credentials.delete',
  'vaults.credentials.archive',
  'vaults.credentials.mcpOAuthValidate',
  'memoryStores.create',
  'memoryStores.retrieve',
  'memoryStores.update',
  'memoryStores.list',
  'memoryStores.delete',
  'memoryStores.archive',
  'memoryStores.memories.create',
  'memoryStores.memories.retrieve',
  'memoryStores.memories.update',
  'memoryStores.memories.list',
  'memoryStores.memories.delete',
  'memoryStores.memoryVersions.retrieve',
  'memoryStores.memoryVersions.list',
  'memoryStores.memoryVersions.redact',
  'files.upload',
  'files.list',
  'files.retrieveMetadata',
  'files.download',
  'files.delete',
  'skills.create',
  'skills.retrieve',
  'skills.list',
  'skills.delete',
  'skills.versions.create',
  'skills.versions.retrieve',
  'skills.versions.list',
  'skills.versions.delete',
  'skills.versions.download',
  'deployments.create',
  'deployments.retrieve',
  'deployments.update',
  'deployments.list',
  'deployments.archive',
  'deployments.pause',
  'deployments.run',
  'deployments.unpause',
  'deploymentRuns.retrieve',
  'deploymentRuns.list',
  'models.retrieve',
  'models.list',
  'userProfiles.create',
  'userProfiles.retrieve',
  'userProfiles.update',
  'userProfiles.list',
  'userProfiles.delete',
  'userProfiles.createEnrollmentURL',
  'userProfiles.actionURLs.create',
  'tunnels.create',
  'tunnels.retrieve',
  'tunnels.list',
  'tunnels.archive',
  'tunnels.revealToken',
  'tunnels.rotateToken',
  'tunnels.certificates.create',
  'tunnels.certificates.retrieve',
  'tunnels.certificates.list',
  'tunnels.certificates.archive',
  'organization.webhooks.create',
  'organization.webhooks.retrieve',
  'organization.webhooks.update',
  'organization.webhooks.list',
  'organization.webhooks.delete',
  'organization.webhooks.regenerateSigningSecret',
];

let server: TestServer;
beforeAll(async () => (server = await startTestServer()));
afterAll(() => server.stop());

test('the 120 rows of the contract, each exactly once', () => {
  expect(ROUTES).toHaveLength(120);
  const rows = ROUTES.map(([method, path]) => `${method} ${path.replaceAll(/:\w+/g, ':id')}`);
  expect(new Set(rows).size).toBe(120);
  expect(new Set(ROUTES.map(([, , operation]) => operation)).size).toBe(120);
});

test('P5: every row is a method of the SDK', () => {
  for (const [, , operation] of ROUTES) {
    const found = operation.split('.').reduce<unknown>(property, server.client.beta);
    expect([operation, typeof found]).toEqual([operation, 'function']);
  }
});

test.each(ROUTES.filter(([, , operation]) => !BUILT.includes(operation)))(
  '%s %s answers 501 and names %s',
  async (method, path, operation) => {
    const response = await rawFetch(server, fill(path), { method });
    expect(response.status).toBe(501);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({
      type: 'error',
      error: { type: 'not_implemented_error', message: expect.stringContaining(operation) },
    });
  },
);

test.each(ROUTES.filter(([, , operation]) => BUILT.includes(operation)))(
  '%s %s is carried out (%s)',
  async (method, path) => {
    const response = await rawFetch(server, fill(path), { method });
    await response.body?.cancel();
    expect(response.status).toBeLessThan(500);
  },
);

function fill(path: string): string {
  return path.replaceAll(/:\w+/g, 'x_1');
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
