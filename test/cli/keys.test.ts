import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuthenticationError, PermissionDeniedError } from '@anthropic-ai/sdk';
import { type DataDirectory, openDataDirectory } from '../../src/bin/data-directory.js';
import { run } from '../../src/bin/drover.js';
import { clientWith } from '../support/admin.js';
import { API_KEY, startTestServer, type TestServer } from '../support/app.js';

let server: TestServer;
let directory: DataDirectory;
beforeAll(async () => {
  server = await startTestServer();
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
  delete process.env['DROVER_API_KEY'];
  process.exitCode = undefined;
});

interface Said {
  stdout: string[];
  stderr: string[];
  code: typeof process.exitCode;
}

async function drover(...args: string[]): Promise<Said> {
  const said: Said = { stdout: [], stderr: [], code: undefined };
  jest.spyOn(console, 'log').mockImplementation((line: string) => void said.stdout.push(line));
  jest.spyOn(console, 'error').mockImplementation((line: string) => void said.stderr.push(line));
  process.exitCode = undefined;
  await run(['node', 'drover', ...args, '--data', server.dir], '0');
  return { ...said, code: process.exitCode };
}

test('a key is printed alone, opens its workspace, is listed without its text, and is revoked', async () => {
  const [workspace = ''] = (await drover('workspace', 'create', 'team')).stdout;
  expect((await drover('workspace', 'list')).stdout).toEqual([
    expect.stringMatching(new RegExp(`^${workspace} .* team$`)),
    expect.stringMatching(/^wrkspc_default .* Default$/),
  ]);
  const made = await drover('key', 'create', '--workspace', workspace, '--scopes', 'read', '--name', 'ci');
  const [key = ''] = made.stdout;
  expect(made).toEqual({
    stdout: [expect.stringMatching(/^sk-drover-[\w-]{43}$/)],
    stderr: [expect.stringMatching(/^apikey_.* ci; its text is not shown again:$/)],
    code: undefined,
  });
  const client = clientWith(server, key);
  const { response } = await client.beta.agents.list().withResponse();
  expect(response.headers.get('anthropic-workspace-id')).toBe(workspace);
  await expect(client.beta.agents.create({ name: 'a', model: 'm' })).rejects.toThrow(PermissionDeniedError);
  const { stdout: listed } = await drover('key', 'list', '--workspace', workspace);
  expect(listed).toEqual([expect.stringMatching(/^apikey_\w+ {2}sk-drover-….{4} {2}wrkspc_\w+ read {2}since .* ci$/)]);
  expect(listed.join()).not.toContain(key);
  const [id = ''] = listed[0]?.split(' ') ?? [];
  expect((await drover('key', 'revoke', id)).stdout).toEqual([expect.stringMatching(/ revoked 2/)]);
  await expect(client.beta.agents.list()).rejects.toThrow(AuthenticationError);
  expect((await drover('key', 'list', '--workspace', workspace)).stdout).toEqual([expect.stringMatching(/ revoked 2/)]);
  expect((await drover('key', 'list')).stdout).toEqual([]);
  const archived = await drover('workspace', 'archive', workspace);
  expect(archived.stdout).toEqual([expect.stringMatching(new RegExp(`^${workspace}  archived 2.* team$`))]);
  expect((await drover('workspace', 'list')).stdout).toContain(archived.stdout[0]);
  expect(await drover('key', 'create', '--workspace', workspace)).toMatchObject({
    stderr: [expect.stringMatching(/is archived/)],
    code: 1,
  });
});

test('a list is whole, however many there are', async () => {
  const [workspace = ''] = (await drover('workspace', 'create', 'many')).stdout;
  const by = { kind: 'api_key', keyId: 'k', workspace: 'wrkspc_default', scopes: ['admin'] } as const;
  for (let n = 0; n < 101; n++) await server.access.apiKeys.create(by, { name: `k${n}`, workspace_id: workspace });
  expect((await drover('key', 'list', '--workspace', workspace)).stdout).toHaveLength(101);
});

test('an environment’s key', async () => {
  const { id } = await server.client.beta.environments.create({ name: 'e', config: { type: 'self_hosted' } });
  const made = await drover('key', 'create', '--environment', id);
  expect(made.stdout).toEqual([expect.stringMatching(/^sk-ant-oat01-[\w-]{43}$/)]);
  const { stdout } = await drover('key', 'list', '--environment', id);
  expect(stdout).toEqual([expect.stringMatching(new RegExp(`^ekey_\\w+ .* ${id} `))]);
  expect((await drover('key', 'revoke', stdout[0]?.split(' ')[0] ?? '')).stdout).toEqual([
    expect.stringMatching(/^ekey_.* revoked 2/),
  ]);
});

test.each([
  [['key', 'revoke', 'apikey_none'], /^There is no API key apikey_none\.$/],
  [['key', 'revoke', 'ekey_none'], /^There is no environment key ekey_none\.$/],
  [['key', 'list', '--workspace', 'wrkspc_none'], /^There is no workspace wrkspc_none\.$/],
  [['workspace', 'archive', 'wrkspc_none'], /^There is no workspace wrkspc_none\.$/],
  [['workspace', 'archive', 'wrkspc_default'], /the default workspace cannot be archived/],
  [['key', 'create', '--scopes', 'read,root'], /^scopes\.1: /],
  [['key', 'create', '--environment', 'env_1', '--scopes', 'read'], /^--environment goes with neither/],
  [['key', 'list', '--environment', 'env_1', '--workspace', 'w'], /^--environment and --workspace do not go together/],
])('%j is refused in words, with exit code 1', async (args, message) => {
  expect(await drover(...args)).toEqual({ stdout: [], stderr: [expect.stringMatching(message)], code: 1 });
});

test('a key that the server does not know, none at all, and a server that is not there', async () => {
  process.env['DROVER_API_KEY'] = 'sk-wrong';
  expect((await drover('key', 'list')).stderr).toEqual([
    expect.stringMatching(/does not know this key: set DROVER_API_KEY/),
  ]);
  delete process.env['DROVER_API_KEY'];
  rmSync(join(server.dir, 'api-key'));
  expect((await drover('key', 'list')).stderr).toEqual([
    expect.stringMatching(/there is no key in .*set DROVER_API_KEY/),
  ]);
  process.env['DROVER_API_KEY'] = API_KEY;
  expect(await drover('key', 'list')).toMatchObject({ stderr: [], code: undefined });
  directory.announce('http://127.0.0.1:9');
  expect((await drover('key', 'list')).stderr).toEqual([expect.stringMatching(/127\.0\.0\.1:9 does not answer/)]);
  directory.close();
  const gone = await drover('key', 'list');
  expect(gone).toMatchObject({ stderr: [expect.stringMatching(/no drover runs on .*drover serve/)], code: 1 });
  directory = openDataDirectory(server.dir);
  expect((await drover('key', 'list')).stderr).toEqual([expect.stringMatching(/is still starting/)]);
});
