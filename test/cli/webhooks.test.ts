import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DataDirectory, openDataDirectory } from '../../src/bin/data-directory.js';
import { run } from '../../src/bin/drover.js';
import { createTargets } from '../../src/catalog/webhooks/targets.js';
import { openSecrets } from '../../src/vault/secrets.js';
import { API_KEY, rawFetch, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
let directory: DataDirectory;
beforeAll(async () => {
  server = await startTestServer({ allowPrivate: false });
  directory = openDataDirectory(server.dir);
  writeFileSync(join(server.dir, 'api-key'), `${API_KEY}\n`);
  directory.announce(server.url);
});
afterAll(async () => {
  directory.close();
  await server.stop();
});
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
});

async function drover(...args: string[]) {
  const said = { stdout: [] as string[], stderr: [] as string[] };
  jest.spyOn(console, 'log').mockImplementation((line: string) => void said.stdout.push(line));
  jest.spyOn(console, 'error').mockImplementation((line: string) => void said.stderr.push(line));
  await run(['node', 'drover', 'webhook', ...args, '--data', server.dir], '0');
  return said;
}

const URL = 'https://example.com/hook';
const NO_KEYS = { vaultKey: undefined, vaultNextKey: undefined };

test('an endpoint is made, its secret printed alone, listed, shown, switched and deleted', async () => {
  const made = await drover('create', URL, '--events', 'session.status_idled, agent.created', '--name', 'chat');
  expect(made.stdout).toEqual([expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/)]);
  expect(made.stderr).toEqual([expect.stringMatching(/^whep_\w+ {2}enabled {2}2 types .* chat; its signing secret/)]);
  const { stdout: listed } = await drover('list');
  expect(listed).toEqual([
    expect.stringMatching(/^whep_\w+ {2}enabled {2}2 types {2}https:\/\/example.com\/hook {2}chat$/),
  ]);
  const [id = ''] = listed[0]?.split(' ') ?? [];
  const shown: unknown = JSON.parse((await drover('show', id)).stdout.join('\n'));
  expect(shown).toMatchObject({ id, url: URL, enabled_events: ['session.status_idled', 'agent.created'] });
  expect(JSON.stringify([shown, listed])).not.toContain('whsec_');
  expect((await drover('disable', id)).stdout).toEqual([expect.stringMatching(/ disabled /)]);
  expect((await drover('enable', id)).stdout).toEqual([expect.stringMatching(/ enabled /)]);
  expect((await drover('delete', id)).stdout).toEqual([`${id} is deleted`]);
  expect((await drover('list')).stdout).toEqual([]);
});

test('without --events it is told of everything', async () => {
  await drover('create', URL);
  const { data } = await server.catalog.webhooks.list({ limit: 10, order: 'desc' });
  expect(data[0]?.enabled_events).toHaveLength(36);
  await drover('delete', data[0]?.id ?? '');
});

test('what is wrong is said', async () => {
  expect((await drover('create', 'http://10.0.0.1/')).stderr).toEqual([
    expect.stringContaining('url: must be an https'),
  ]);
  expect((await drover('create', URL, '--events', 'external_key.failed')).stderr).toEqual([
    expect.stringContaining('enabled_events.0'),
  ]);
  expect((await drover('show', 'whep_none')).stderr).toEqual([expect.stringContaining('whep_none')]);
  expect((await drover('list')).stdout).toEqual([]);
});

test('a workspace has its own, which no other sees', async () => {
  const make = await rawFetch(server, '/drover/workspaces', { method: 'POST', body: JSON.stringify({ name: 'w' }) });
  const { id: workspace } = (await make.json()) as { id: string };
  await drover('create', URL, '--workspace', workspace);
  expect((await drover('list')).stdout).toEqual([]);
  const { stdout: listed } = await drover('list', '--workspace', workspace);
  const [id = ''] = listed[0]?.split(' ') ?? [];
  expect((await drover('show', id)).stderr).toEqual([expect.stringContaining(id)]);
  expect((await drover('delete', id, '--workspace', workspace)).stdout).toEqual([`${id} is deleted`]);
  expect((await drover('list', '--workspace', 'wrkspc_none')).stderr).toEqual([expect.stringContaining('wrkspc_none')]);
});

test('a new secret takes the place of the old one, and is printed alone', async () => {
  const { id, signing_secret } = await server.catalog.webhooks.create({ url: URL, enabled_events: ['agent.created'] });
  const { stdout, stderr } = await drover('new-secret', id);
  expect(stdout).toEqual([expect.stringMatching(/^whsec_/)]);
  expect(stdout).not.toEqual([signing_secret]);
  expect(stderr).toEqual([expect.stringContaining(id)]);
  const targets = createTargets({
    db: server.db,
    secrets: openSecrets({ ...NO_KEYS, dataDir: server.dir }),
    now: Date.now,
  });
  expect((await targets.find(id))?.secret).toBe(stdout[0]);
  expect((await drover('new-secret', 'whep_none')).stderr).toEqual([expect.stringContaining('whep_none')]);
});
