import { type Anthropic, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';

type CreateParams = Anthropic.Beta.Environments.EnvironmentCreateParams;

let server: TestServer;
let environments: Anthropic['beta']['environments'];
beforeAll(async () => {
  server = await startTestServer();
  environments = server.client.beta.environments;
});
afterAll(() => server.stop());

const NO_PACKAGES = { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };

test('create with a name alone: cloud, open network, no packages', async () => {
  const environment = await environments.create({ name: 'box' });
  expect({ ...environment }).toEqual({
    type: 'environment',
    id: expect.stringMatching(/^env_\w{24}$/),
    name: 'box',
    description: null,
    config: { type: 'cloud', networking: { type: 'unrestricted' }, packages: NO_PACKAGES },
    metadata: {},
    scope: 'organization',
    created_at: expect.stringMatching(/Z$/),
    updated_at: environment.created_at,
    archived_at: null,
  });
  expect(await environments.retrieve(environment.id)).toEqual(environment);
});

test('limited networking has its defaults, and its sub-fields keep their values over updates', async () => {
  const { id, config } = await environments.create({
    name: 'e',
    config: {
      type: 'cloud',
      networking: { type: 'limited', allow_package_managers: true },
      packages: { pip: ['rich'] },
    },
  });
  expect(config).toMatchObject({
    networking: { type: 'limited', allow_mcp_servers: false, allow_package_managers: true, allowed_hosts: [] },
    packages: { ...NO_PACKAGES, pip: ['rich'] },
  });
  const updated = await environments.update(id, {
    config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['api.example.com', '*.example.org'] } },
  });
  expect(updated.config).toMatchObject({
    networking: { allow_package_managers: true, allowed_hosts: ['api.example.com', '*.example.org'] },
    packages: { pip: ['rich'] },
  });
  const cleared = await environments.update(id, { config: { type: 'cloud', packages: { pip: [], npm: ['zx'] } } });
  expect(cleared.config).toMatchObject({ packages: { ...NO_PACKAGES, npm: ['zx'] } });
});

test('a self-hosted environment is stored as it is', async () => {
  const { config } = await environments.create({ name: 'mine', config: { type: 'self_hosted' } });
  expect(config).toEqual({ type: 'self_hosted' });
});

test('update: description null and "" differ, metadata goes by null and by ""', async () => {
  const { id } = await environments.create({ name: 'e', description: 'd', metadata: { a: '1', b: '2', c: '3' } });
  const updated = await environments.update(id, { description: '', metadata: { a: null, b: '', d: '4' } });
  expect(updated).toMatchObject({ description: '', metadata: { c: '3', d: '4' }, name: 'e' });
  expect((await environments.update(id, { description: null })).description).toBeNull();
  const before = await environments.retrieve(id);
  expect(await environments.update(id, { name: null })).toMatchObject({ updated_at: before.updated_at });
});

const limited = { type: 'limited' } as const;
test.each<[string, object, RegExp, string | null]>([
  ['no name', { name: undefined }, /name: is required/, null],
  ['account scope', { scope: 'account' }, /scope: /, null],
  ['an unknown config', { config: { type: 'moon' } }, /config\.type: /, null],
  [
    'packages without package managers',
    { config: { type: 'cloud', networking: limited, packages: { npm: ['a'] } } },
    /config\.packages: /,
    null,
  ],
  [
    'an option for a package',
    { config: { type: 'cloud', packages: { pip: ['--index-url=http://x'] } } },
    /config\.packages\.pip\.0: /,
    null,
  ],
  [
    'a URL for a host',
    { config: { type: 'cloud', networking: { ...limited, allowed_hosts: ['https://a.com'] } } },
    /config\.networking\.allowed_hosts\.0: /,
    null,
  ],
  [
    '17 pairs of metadata',
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, ''])) },
    /metadata: /,
    'invalid_metadata',
  ],
  ['a long metadata value', { metadata: { a: 'x'.repeat(513) } }, /metadata\.a: /, 'invalid_metadata'],
])('create with %s is 400', async (_what, change, message, code) => {
  const params = { name: 'e', ...change } as CreateParams;
  const error = await environments.create(params).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(String(error)).toMatch(message);
  const details = code === null ? {} : { details: { error_code: code } };
  expect(error).toMatchObject({ error: { error: { type: 'invalid_request_error', ...details } } });
});

test('the type of a config never changes', async () => {
  const { id } = await environments.create({ name: 'e' });
  const error = await environments.update(id, { config: { type: 'self_hosted' } }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error).toMatchObject({ error: { error: { details: { error_code: 'invalid_config_type_change' } } } });
});

test('an archived one is read-only, stays readable, and leaves the list', async () => {
  const { id } = await environments.create({ name: 'e' });
  const archived = await environments.archive(id);
  expect(archived.archived_at).not.toBeNull();
  expect({ ...(await environments.archive(id)) }).toEqual({ ...archived });
  const error = await environments.update(id, { name: 'x' }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ status: 400, error: { error: { details: { error_code: 'environment_archived' } } } });
  expect((await environments.list()).data.map((environment) => environment.id)).not.toContain(id);
  expect((await environments.list({ include_archived: true })).data.map((environment) => environment.id)).toContain(id);
});

test('delete waits until no session refers to it', async () => {
  const { id } = await environments.create({ name: 'e' });
  const agent = await server.client.beta.agents.create({ name: 'a', model: 'm' });
  const session = await server.client.beta.sessions.create({ agent: agent.id, environment_id: id });
  await server.client.beta.sessions.archive(session.id);
  await expect(environments.delete(id)).rejects.toThrow(BadRequestError);
  await server.client.beta.sessions.delete(session.id);
  expect(await environments.delete(id)).toMatchObject({ id, type: 'environment_deleted' });
  await expect(environments.retrieve(id)).rejects.toThrow(NotFoundError);
  await expect(environments.delete(id)).rejects.toThrow(NotFoundError);
});
