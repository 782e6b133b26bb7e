import { z } from 'zod';
import { parseVaultKey } from './vault-key.js';

/** Every setting by its environment variable, with its rule and default: the reference of what can be configured. */
export const settings = z
  .object({
    DROVER_HOST: text().default('127.0.0.1'),
    DROVER_PORT: whole(0, 65_535).default(8787),
    /** The key clients must send. */
    DROVER_API_KEY: key().optional(),
    DROVER_DATA: text().default('.drover'),
    /** A Postgres database for all rows. Not set: SQLite in the data directory. */
    DROVER_DATABASE_URL: postgresUrl().optional(),
    /** Whether webhooks, and the MCP and token URLs of credentials, may lead to addresses that are not public. */
    DROVER_ALLOW_PRIVATE_ADDRESSES: flag().default(false),
    /** The shortest delay before a webhook is sent again; the longest is 24 times that. */
    DROVER_WEBHOOK_RETRY_MS: whole(1, 600_000).default(5_000),
    /** Keeps the bytes of files in a bucket, not in the data directory. */
    DROVER_FILES_S3_BUCKET: text().optional(),
    /** Before each key. */
    DROVER_FILES_S3_PREFIX: prefix().default('files/'),
    DROVER_FILES_S3_REGION: text().default('us-east-1'),
    /** A store that is not Amazon's. */
    DROVER_FILES_S3_ENDPOINT: url().optional(),
    /** Not set: what Amazon's tools find (their variables, profiles, the machine's role). */
    DROVER_FILES_S3_ACCESS_KEY_ID: key().optional(),
    DROVER_FILES_S3_SECRET_ACCESS_KEY: key().optional(),
    /** What seals the secrets of vaults. Not set: a key file in the data directory. */
    DROVER_VAULT_KEY: vaultKey().optional(),
    /** The key that `drover vault rotate` changes to; a server opens what is under it, too. */
    DROVER_VAULT_NEXT_KEY: vaultKey().optional(),

    DROVER_MODEL: choice('auto', 'anthropic', 'scripted').default('auto'),
    /** A file that says which backend serves which model. Not set: `models.json` in the data directory, if there is one. */
    DROVER_MODELS: text().optional(),
    ANTHROPIC_API_KEY: key().optional(),
    /** The model's API. Not ANTHROPIC_BASE_URL: clients on the same machine set that one to reach Drover. */
    DROVER_UPSTREAM_URL: url().optional(),

    /** Model requests in one turn before it is ended with an error. */
    DROVER_ROUNDS_PER_TURN: whole(1, 100_000).default(500),

    /** For each API key, in requests a minute; 0 is no limit. */
    DROVER_RATE_LIMIT_CREATE: whole(0, 100_000).default(0),
    DROVER_RATE_LIMIT_READ: whole(0, 100_000).default(0),
    /** Whether deployments begin some time after the one they are scheduled for: seconds, or minutes where they are seldom. */
    DROVER_DEPLOYMENT_JITTER: flag().default(true),
    /** Model calls and tools at work at once; never more than half of the workflows in memory. */
    DROVER_MAX_RUNNING: whole(1, 10_000).default(128),

    DROVER_SANDBOX: choice('auto', 'docker', 'bubblewrap').default('auto'),
    /** The default is what `images/sandbox` builds. */
    DROVER_SANDBOX_IMAGE: text().default('drover-sandbox:latest'),
    DROVER_SANDBOX_RUNTIME: text().optional(),
    DROVER_SANDBOX_IDLE_SECONDS: whole(1, 31_536_000).default(900),

    /** How long a worker of a self-hosted environment may be silent before another one gets its session. */
    DROVER_WORK_LEASE_SECONDS: whole(2, 86_400).default(90),

    DROVER_TEMPORAL_ADDRESS: address().optional(),
    DROVER_TEMPORAL_NAMESPACE: text().default('default'),
    /** 0 replays a session's workflow at every task: slow, and the sharpest test of determinism. */
    DROVER_MAX_CACHED_WORKFLOWS: whole(0, 100_000).default(256),
    DROVER_CONTINUE_AS_NEW_EVENTS: whole(20, 20_000).default(1500),
    /** How long a task may lie in the queue of a worker that was killed; below a second, a busy machine replays for nothing. */
    DROVER_STICKY_TIMEOUT_MS: whole(100, 600_000).default(2_500),
    DROVER_HEARTBEAT_TIMEOUT_MS: whole(1000, 600_000).default(4000),
  })
  .refine((all) => all.DROVER_MODEL !== 'anthropic' || all.ANTHROPIC_API_KEY || all.DROVER_UPSTREAM_URL, {
    path: ['DROVER_MODEL'],
    message: 'needs ANTHROPIC_API_KEY or DROVER_UPSTREAM_URL',
  })
  .refine((all) => !all.DROVER_FILES_S3_ACCESS_KEY_ID === !all.DROVER_FILES_S3_SECRET_ACCESS_KEY, {
    path: ['DROVER_FILES_S3_ACCESS_KEY_ID'],
    message: 'goes with DROVER_FILES_S3_SECRET_ACCESS_KEY, or neither is set',
  });

export type Settings = z.infer<typeof settings>;

function text() {
  return z.string().refine((value) => value.trim() !== '', 'must not be empty');
}

function key() {
  return z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces: it is sent in a header');
}

function vaultKey() {
  return z.string().transform((value, context) => {
    const bytes = parseVaultKey(value);
    if (!bytes) context.addIssue('must be 32 bytes in base64 or hex');
    return bytes ?? z.NEVER;
  });
}

function flag() {
  return z.enum(['true', 'false'], { error: 'must be true or false' }).transform((value) => value === 'true');
}

function choice<const Word extends string>(...words: [Word, Word, Word]) {
  return z.enum(words, { error: `must be ${words[0]}, ${words[1]} or ${words[2]}` });
}

function whole(min: number, max: number) {
  return z
    .string()
    .refine((value) => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max, {
      message: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

function prefix() {
  return z.string().regex(/^([\w!.*'()-]+\/)+$/, 'must be plain names, each with a slash after it');
}

function postgresUrl() {
  return z.string().refine((value) => /^postgres(ql)?:$/.test(URL.parse(value)?.protocol ?? ''), {
    message: 'must be a postgres:// URL',
  });
}

function address() {
  return z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/, 'must be host:port');
}

function url() {
  return z.string().refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''), {
    message: 'must be an http or https URL',
  });
}
