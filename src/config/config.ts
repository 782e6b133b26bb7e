import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readFilesPlace, type S3Config } from './files-s3.js';
import { isLoopback } from './loopback.js';
import { type ModelsConfig, readModelsFile } from './models-file.js';
import { settings } from './settings.js';
import type { Settings } from './settings.js';
import { StartError } from './start-error.js';

/** Everything a server is told from outside. Frozen; holds secrets, so it is never printed whole. */
export interface Config {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The clients' key. Undefined: the one kept in the data directory. */
  readonly apiKey: string | undefined;
  /** Absolute. */
  readonly dataDir: string;
  /** Where rows are kept: a Postgres URL, or else the data directory. */
  readonly database: string;
  /** Whether servers that clients name may be in a private network. */
  readonly allowPrivateAddresses: boolean;
  /** The shortest delay before a webhook is sent again; the longest is 24 times that. */
  readonly webhookRetryMs: number;
  /** The bucket that files are kept in. Undefined: the data directory. */
  readonly filesS3: S3Config | undefined;
  /** 32 bytes. Undefined: a key file in the data directory. */
  readonly vaultKey: Uint8Array | undefined;
  readonly vaultNextKey: Uint8Array | undefined;
  readonly model: ModelConfig;
  /** Model requests in one turn before it is ended with an error. */
  readonly roundsPerTurn: number;
  /** Requests a minute for each API key; 0 is no limit. */
  readonly rateLimits: { readonly create: number; readonly read: number };
  /** Model calls and tools at work at once. */
  readonly maxRunning: number;
  /** For workers of self-hosted environments that ask for nothing else. */
  readonly workLeaseSeconds: number;
  readonly sandbox: SandboxConfig;
  /** Whether what deployments do at the same time is spread over seconds or minutes. */
  readonly deploymentJitter: boolean;
  readonly temporal: TemporalConfig;
}

export interface ModelConfig {
  /** `file`: what serves a model stands in `file`. */
  readonly kind: 'anthropic' | 'scripted' | 'file';
  readonly file: ModelsConfig | undefined;
  readonly apiKey: string | undefined;
  /** Undefined: the hosted API. Without a slash at its end. */
  readonly upstreamUrl: string | undefined;
}

export interface SandboxConfig {
  readonly backend: 'auto' | 'docker' | 'bubblewrap';
  readonly image: string;
  /** An OCI runtime the engine knows, such as `runsc`. */
  readonly runtime: string | undefined;
  /** How long a sandbox may stand idle before its container is reclaimed. */
  readonly idleMs: number;
}

export interface TemporalConfig {
  /** `host:port` of a server that is not ours. Undefined: the embedded one. */
  readonly address: string | undefined;
  readonly namespace: string;
  readonly maxCachedWorkflows: number;
  /** History length at which a session's workflow continues as new. */
  readonly continueAsNewEvents: number;
  readonly stickyTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
}

/** The settings that may also be given as flags; a flag wins over the environment. */
export interface Flags {
  host?: string;
  port?: string;
  data?: string;
  sandbox?: string;
  model?: string;
  models?: string;
  temporalAddress?: string;
  temporalNamespace?: string;
}

/** Reads and checks flags and environment; throws a StartError with one line for each fault. An empty variable counts as unset. */
export function readConfig(env: NodeJS.ProcessEnv, flags: Flags = {}, cwd = process.cwd()): Config {
  const raw = gather(env, flags);
  const checked = settings.safeParse(raw.values);
  if (!checked.success) {
    throw new StartError(checked.error.issues.map((issue) => describeFault(issue, raw)).join('\n'));
  }
  refuseOpenDoor(checked.data, raw.label('DROVER_HOST'));
  return freeze(checked.data, readModels(checked.data, raw, env, cwd), cwd);
}

const FLAG_OF: Partial<Record<keyof Settings, keyof Flags>> = {
  DROVER_HOST: 'host',
  DROVER_PORT: 'port',
  DROVER_DATA: 'data',
  DROVER_SANDBOX: 'sandbox',
  DROVER_MODEL: 'model',
  DROVER_MODELS: 'models',
  DROVER_TEMPORAL_ADDRESS: 'temporalAddress',
  DROVER_TEMPORAL_NAMESPACE: 'temporalNamespace',
};

// Never repeated in a message: keys, and a URL that may carry a password.
const SECRET = new Set<string>([
  'DROVER_API_KEY',
  'DROVER_DATABASE_URL',
  'DROVER_FILES_S3_ENDPOINT',
  'DROVER_FILES_S3_ACCESS_KEY_ID',
  'DROVER_FILES_S3_SECRET_ACCESS_KEY',
  'DROVER_VAULT_KEY',
  'DROVER_VAULT_NEXT_KEY',
  'ANTHROPIC_API_KEY',
  'DROVER_UPSTREAM_URL',
]);

interface Raw {
  values: Record<string, string>;
  /** What the person wrote: the flag or the variable. */
  label(name: string): string;
}

function gather(env: NodeJS.ProcessEnv, flags: Flags): Raw {
  const values: Record<string, string> = {};
  const labels = new Map<string, string>();
  for (const name of settings.keyof().options) {
    const flag = FLAG_OF[name];
    const flagged = flag && flags[flag];
    const value = flagged ?? env[name];
    if (flagged === undefined && !value) continue;
    if (value !== undefined) values[name] = value;
    if (flag && flagged !== undefined) labels.set(name, `--${kebab(flag)}`);
  }
  return { values, label: (name) => labels.get(name) ?? name };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function describeFault(issue: { path: PropertyKey[]; message: string }, raw: Raw): string {
  const name = String(issue.path[0] ?? '');
  const value = raw.values[name];
  const got = value === undefined || SECRET.has(name) ? '' : ` (got ${JSON.stringify(value)})`;
  return `${raw.label(name)}: ${issue.message}${got}`;
}

function refuseOpenDoor(checked: Settings, label: string): void {
  if (isLoopback(checked.DROVER_HOST) || checked.DROVER_API_KEY !== undefined) return;
  throw new StartError(
    `${label}: ${checked.DROVER_HOST} can be reached from other machines, so DROVER_API_KEY must be set (or listen on 127.0.0.1)`,
  );
}

/** The file that was named, or the one in the data directory unless something else is asked for. */
function readModels(checked: Settings, raw: Raw, env: NodeJS.ProcessEnv, cwd: string): ModelsConfig | undefined {
  const { DROVER_MODELS: named, DROVER_MODEL: model } = checked;
  if (named !== undefined && model !== 'auto') {
    throw new StartError(`${raw.label('DROVER_MODEL')}: cannot go with ${raw.label('DROVER_MODELS')}`);
  }
  if (named !== undefined) return readModelsFile(resolve(cwd, named), env);
  const usual = resolve(cwd, checked.DROVER_DATA, 'models.json');
  return model === 'auto' && existsSync(usual) ? readModelsFile(usual, env) : undefined;
}

function freeze(checked: Settings, file: ModelsConfig | undefined, cwd: string): Config {
  return Object.freeze({
    host: checked.DROVER_HOST,
    port: checked.DROVER_PORT,
    apiKey: checked.DROVER_API_KEY,
    dataDir: resolve(cwd, checked.DROVER_DATA),
    database: checked.DROVER_DATABASE_URL ?? resolve(cwd, checked.DROVER_DATA),
    allowPrivateAddresses: checked.DROVER_ALLOW_PRIVATE_ADDRESSES,
    webhookRetryMs: checked.DROVER_WEBHOOK_RETRY_MS,
    filesS3: readFilesPlace(checked),
    vaultKey: checked.DROVER_VAULT_KEY,
    vaultNextKey: checked.DROVER_VAULT_NEXT_KEY,
    model: Object.freeze({
      kind: file ? 'file' : checked.DROVER_MODEL === 'auto' ? kindOfModel(checked) : checked.DROVER_MODEL,
      file,
      apiKey: checked.ANTHROPIC_API_KEY,
      upstreamUrl: checked.DROVER_UPSTREAM_URL?.replace(/\/+$/, ''),
    }),
    roundsPerTurn: checked.DROVER_ROUNDS_PER_TURN,
    rateLimits: Object.freeze({ create: checked.DROVER_RATE_LIMIT_CREATE, read: checked.DROVER_RATE_LIMIT_READ }),
    maxRunning: mostRunning(checked),
    workLeaseSeconds: checked.DROVER_WORK_LEASE_SECONDS,
    sandbox: Object.freeze({
      backend: checked.DROVER_SANDBOX,
      image: checked.DROVER_SANDBOX_IMAGE,
      runtime: checked.DROVER_SANDBOX_RUNTIME,
      idleMs: checked.DROVER_SANDBOX_IDLE_SECONDS * 1000,
    }),
    deploymentJitter: checked.DROVER_DEPLOYMENT_JITTER,
    temporal: Object.freeze({
      address: checked.DROVER_TEMPORAL_ADDRESS,
      namespace: checked.DROVER_TEMPORAL_NAMESPACE,
      maxCachedWorkflows: checked.DROVER_MAX_CACHED_WORKFLOWS,
      continueAsNewEvents: checked.DROVER_CONTINUE_AS_NEW_EVENTS,
      stickyTimeoutMs: checked.DROVER_STICKY_TIMEOUT_MS,
      heartbeatTimeoutMs: checked.DROVER_HEARTBEAT_TIMEOUT_MS,
    }),
  });
}

/** A session that is put out of a full memory while its batch is being written loses three seconds: keep well below. */
function mostRunning({ DROVER_MAX_RUNNING, DROVER_MAX_CACHED_WORKFLOWS }: Settings): number {
  if (DROVER_MAX_CACHED_WORKFLOWS === 0) return DROVER_MAX_RUNNING;
  return Math.max(1, Math.min(DROVER_MAX_RUNNING, Math.floor(DROVER_MAX_CACHED_WORKFLOWS / 2)));
}

function kindOfModel(checked: Settings): 'anthropic' | 'scripted' {
  return checked.ANTHROPIC_API_KEY !== undefined || checked.DROVER_UPSTREAM_URL !== undefined
    ? 'anthropic'
    : 'scripted';
}
