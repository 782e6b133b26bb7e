import { readConfig } from '../../src/config/config.js';
import type { Flags } from '../../src/config/config.js';
import { StartError } from '../../src/config/start-error.js';

function faults(env: NodeJS.ProcessEnv, flags: Flags = {}): string[] {
  try {
    readConfig(env, flags);
  } catch (error) {
    if (error instanceof StartError) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('nothing set: loopback, our own Temporal, a scripted model', () => {
  expect(readConfig({}, {}, '/srv')).toEqual({
    host: '127.0.0.1',
    port: 8787,
    allowPrivateAddresses: false,
    webhookRetryMs: 5_000,
    deploymentJitter: true,
    workLeaseSeconds: 90,
    apiKey: undefined,
    dataDir: '/srv/.drover',
    database: '/srv/.drover',
    model: { kind: 'scripted', apiKey: undefined, upstreamUrl: undefined },
    roundsPerTurn: 500,
    rateLimits: { create: 0, read: 0 },
    maxRunning: 128,
    sandbox: { backend: 'auto', image: 'drover-sandbox:latest', runtime: undefined, idleMs: 900_000 },
    temporal: {
      address: undefined,
      namespace: 'default',
      maxCachedWorkflows: 256,
      continueAsNewEvents: 1500,
      stickyTimeoutMs: 2_500,
      heartbeatTimeoutMs: 4000,
    },
  });
});

test.each([
  [{}, 128],
  [{ DROVER_MAX_RUNNING: '7' }, 7],
  [{ DROVER_MAX_RUNNING: '7', DROVER_MAX_CACHED_WORKFLOWS: '0' }, 7],
  [{ DROVER_MAX_RUNNING: '7', DROVER_MAX_CACHED_WORKFLOWS: '9' }, 4],
  [{ DROVER_MAX_CACHED_WORKFLOWS: '1' }, 1],
])('with %p at most %d are at work: half of the workflows in memory, or fewer', (env, most) => {
  expect(readConfig(env).maxRunning).toBe(most);
});

test('the result cannot be changed', () => {
  const config = readConfig({});
  expect([config, config.model, config.sandbox, config.temporal].every(Object.isFrozen)).toBe(true);
});

test('a flag wins over the environment, and an empty variable counts as unset', () => {
  const config = readConfig({ DROVER_PORT: '1', DROVER_HOST: '', DROVER_MAX_CACHED_WORKFLOWS: '0' }, { port: '0' });
  expect(config).toMatchObject({ port: 0, host: '127.0.0.1', temporal: { maxCachedWorkflows: 0 } });
});

test.each<[string, NodeJS.ProcessEnv, Flags]>([
  ['DROVER_SANDBOX: must be auto, docker or bubblewrap (got "foo")', { DROVER_SANDBOX: 'foo' }, {}],
  ['--sandbox: must be auto, docker or bubblewrap (got "none")', { DROVER_SANDBOX: 'docker' }, { sandbox: 'none' }],
  ['--port: must be a whole number from 0 to 65535 (got "65536")', {}, { port: '65536' }],
  ['DROVER_PORT: must be a whole number from 0 to 65535 (got "80.5")', { DROVER_PORT: '80.5' }, {}],
  ['--data: must not be empty (got "")', {}, { data: '' }],
  ['--temporal-address: must be host:port (got "localhost")', {}, { temporalAddress: 'localhost' }],
  ['DROVER_TEMPORAL_ADDRESS: must be host:port (got "http://a:1")', { DROVER_TEMPORAL_ADDRESS: 'http://a:1' }, {}],
  ['--model: needs ANTHROPIC_API_KEY or DROVER_UPSTREAM_URL (got "anthropic")', {}, { model: 'anthropic' }],
  [
    '--host: 0.0.0.0 can be reached from other machines, so DROVER_API_KEY must be set (or listen on 127.0.0.1)',
    {},
    { host: '0.0.0.0' },
  ],
])('%s', (line, env, flags) => {
  expect(faults(env, flags)).toEqual([line]);
});

test('every fault has its line', () => {
  expect(faults({ DROVER_PORT: 'x', DROVER_SANDBOX: 'y', DROVER_STICKY_TIMEOUT_MS: '-1' })).toHaveLength(3);
});

test('P4: no fault repeats a secret', () => {
  const secrets = {
    DROVER_API_KEY: 'top secret',
    ANTHROPIC_API_KEY: 'sk\nsecret',
    DROVER_VAULT_KEY: 'secret',
    DROVER_VAULT_NEXT_KEY: 'secret'.repeat(8),
    DROVER_UPSTREAM_URL: 'ftp://u:secret@h',
    DROVER_DATABASE_URL: 'mysql://u:secret@h/db',
    DROVER_FILES_S3_ENDPOINT: 'ftp://u:secret@h',
    DROVER_FILES_S3_ACCESS_KEY_ID: 'secret id',
    DROVER_FILES_S3_SECRET_ACCESS_KEY: 'secret key',
  };
  const lines = faults(secrets);
  expect(lines).toHaveLength(9);
  expect(lines.join()).not.toContain('secret');
});

test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('%s needs no key', (host) => {
  expect(readConfig({}, { host }).host).toBe(host);
});

test.each(['0.0.0.0', '::', '192.168.1.2', 'example.org', '127.0.0.1.example.org'])('%s needs a key', (host) => {
  expect(faults({}, { host })).toHaveLength(1);
  expect(readConfig({ DROVER_API_KEY: 'k' }, { host }).host).toBe(host);
});

test.each<[string, NodeJS.ProcessEnv, 'anthropic' | 'scripted']>([
  ['a key', { ANTHROPIC_API_KEY: 'k' }, 'anthropic'],
  ['an upstream', { DROVER_UPSTREAM_URL: 'http://127.0.0.1:1/' }, 'anthropic'],
  ['ANTHROPIC_BASE_URL, which is meant for clients', { ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' }, 'scripted'],
  ['a key, but the script is asked for', { ANTHROPIC_API_KEY: 'k', DROVER_MODEL: 'scripted' }, 'scripted'],
])('the model with %s', (_, env, kind) => {
  expect(readConfig(env).model.kind).toBe(kind);
});

test('an upstream URL loses the slash at its end', () => {
  expect(readConfig({ DROVER_UPSTREAM_URL: 'http://127.0.0.1:1/v1/' }).model.upstreamUrl).toBe('http://127.0.0.1:1/v1');
});

test('rows are in the data directory, or where a URL says', () => {
  const url = 'postgres://u:p@db:5432/drover?sslmode=verify-full';
  expect(readConfig({ DROVER_DATABASE_URL: url }).database).toBe(url);
  expect(faults({ DROVER_DATABASE_URL: 'db:5432' })).toEqual(['DROVER_DATABASE_URL: must be a postgres:// URL']);
});

test('files are in the data directory, or in a bucket', () => {
  expect(readConfig({}).filesS3).toBeUndefined();
  const own = { DROVER_FILES_S3_BUCKET: 'b', DROVER_FILES_S3_ENDPOINT: 'http://127.0.0.1:1' };
  const config = { bucket: 'b', prefix: 'files/', region: 'us-east-1', endpoint: 'http://127.0.0.1:1' };
  expect(readConfig(own).filesS3).toEqual({ ...config, credentials: undefined });
  const keys = { DROVER_FILES_S3_ACCESS_KEY_ID: 'i', DROVER_FILES_S3_SECRET_ACCESS_KEY: 's' };
  expect(readConfig({ ...own, ...keys }).filesS3?.credentials).toEqual({ accessKeyId: 'i', secretAccessKey: 's' });
  expect(faults({ ...own, DROVER_FILES_S3_ACCESS_KEY_ID: 'i' })).toEqual([
    'DROVER_FILES_S3_ACCESS_KEY_ID: goes with DROVER_FILES_S3_SECRET_ACCESS_KEY, or neither is set',
  ]);
  expect(faults({ ...own, DROVER_FILES_S3_PREFIX: 'files' })[0]).toMatch(/must be plain names/);
});

test('a vault key is 32 bytes in base64 or hex', () => {
  const bytes = Buffer.alloc(32, 7);
  for (const encoding of ['base64', 'base64url', 'hex'] as const) {
    const config = readConfig({ DROVER_VAULT_KEY: bytes.toString(encoding) });
    expect(Buffer.from(config.vaultKey ?? []).equals(bytes)).toBe(true);
  }
  expect(faults({ DROVER_VAULT_KEY: 'x', DROVER_VAULT_NEXT_KEY: bytes.toString('hex') })).toEqual([
    'DROVER_VAULT_KEY: must be 32 bytes in base64 or hex',
  ]);
});
