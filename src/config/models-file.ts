import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorCode } from '../error-code.js';
import { price } from '../pricing/price.js';
import { StartError } from './start-error.js';

const common = {
  base_url: url().exactOptional(),
  /** How long the server may be silent before the request is given up. */
  stall_seconds: z.int('must be a whole number').min(1).max(86_400).exactOptional(),
};

/** Secrets are never in the file: `…_env` names the environment variable that holds one. */
const backend = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('anthropic'), ...common, api_key_env: variable().exactOptional() }),
    z.strictObject({
      type: z.literal('bedrock'),
      ...common,
      region: text(),
      /** A Bedrock API key. Without it and the three below, AWS's own chain of credentials is asked. */
      api_key_env: variable().exactOptional(),
      access_key_id_env: variable().exactOptional(),
      secret_access_key_env: variable().exactOptional(),
      session_token_env: variable().exactOptional(),
    }),
    z.strictObject({
      type: z.literal('vertex'),
      ...common,
      region: text(),
      project: text(),
      /** Without it Google's application default credentials are used. */
      access_token_env: variable().exactOptional(),
    }),
    z.strictObject({
      type: z.literal('openai'),
      ...common,
      /** Up to and with the version, such as `http://127.0.0.1:11434/v1`. */
      base_url: url(),
      api_key_env: variable().exactOptional(),
      /** The name under which the server takes the longest reply. */
      max_tokens_field: z
        .enum(['max_tokens', 'max_completion_tokens'], 'must be max_tokens or max_completion_tokens')
        .exactOptional(),
    }),
    z.strictObject({ type: z.literal('scripted') }),
  ],
  { error: 'must be anthropic, bedrock, vertex, openai or scripted' },
);

const entry = z.strictObject({
  backend: text(),
  /** What the backend calls the model. In an entry with a `*`, a `*` here stands for what that one matched. */
  upstream_model: text().exactOptional(),
  display_name: text().exactOptional(),
  context_window: tokens().exactOptional(),
  max_output_tokens: tokens().exactOptional(),
  takes_system_messages: z.boolean('must be true or false').exactOptional(),
  price: price.exactOptional(),
});

const modelsFile = z
  .strictObject({
    backends: z.record(text(), backend),
    models: z.record(
      z
        .string()
        .regex(/^[^\s*]*\*?$/, 'must be a model id, the beginning of one with a * after it, or *')
        .min(1),
      entry,
    ),
  })
  .superRefine(({ backends, models }, context) => {
    for (const [id, model] of Object.entries(models)) {
      for (const { path, message } of faultsOf(model, backends)) {
        context.addIssue({ code: 'custom', path: ['models', id, path], message });
      }
    }
    for (const [name, one] of Object.entries(backends)) {
      if (one.type !== 'bedrock' || (one.access_key_id_env === undefined) === (one.secret_access_key_env === undefined))
        continue;
      const message = 'must go with secret_access_key_env, or both be left out';
      context.addIssue({ code: 'custom', path: ['backends', name, 'access_key_id_env'], message });
    }
    if (Object.keys(models).length === 0) {
      context.addIssue({ code: 'custom', path: ['models'], message: 'must name a model' });
    }
  });

export type ModelsFile = z.infer<typeof modelsFile>;
export type BackendConfig = ModelsFile['backends'][string];
export type ModelEntry = ModelsFile['models'][string];

/** What the file says, with the values of the environment variables that it names. */
export interface ModelsConfig extends ModelsFile {
  secrets: Readonly<Record<string, string>>;
}

/** Reads the file that says which backend serves which model; throws a StartError with a line for each fault. */
export function readModelsFile(path: string, env: NodeJS.ProcessEnv): ModelsConfig {
  const checked = modelsFile.safeParse(parse(path), { reportInput: true });
  if (!checked.success) {
    throw new StartError(checked.error.issues.flatMap((issue) => describe(path, issue)).join('\n'));
  }
  const named = Object.entries(checked.data.backends).flatMap(([name, one]) => variablesOf(name, one));
  const unset = named.filter(({ variable: name }) => !env[name]);
  if (unset.length > 0) {
    throw new StartError(unset.map(({ at, variable: name }) => `${path}: ${at}: ${name} is not set`).join('\n'));
  }
  const secrets = Object.fromEntries(named.map(({ variable: name }) => [name, env[name] ?? '']));
  return { ...checked.data, secrets };
}

function variablesOf(name: string, one: BackendConfig): { at: string; variable: string }[] {
  return Object.entries(one).flatMap(([field, value]) =>
    field.endsWith('_env') ? [{ at: `backends.${name}.${field}`, variable: String(value) }] : [],
  );
}

function faultsOf(model: ModelEntry, backends: ModelsFile['backends']): { path: string; message: string }[] {
  const { context_window, max_output_tokens = 0 } = model;
  const known = backends[model.backend];
  if (!known) return [{ path: 'backend', message: `must be one of ${Object.keys(backends).join(', ')}` }];
  if (known.type === 'openai' && context_window === undefined) {
    return [{ path: 'context_window', message: 'is needed, since an openai backend does not tell it' }];
  }
  if (context_window !== undefined && max_output_tokens >= context_window) {
    return [{ path: 'max_output_tokens', message: 'must be less than context_window' }];
  }
  return [];
}

function parse(path: string): unknown {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(`${path}: cannot be read (${errorCode(error) ?? 'unknown'})`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    // The parser's own words quote the file, in which somebody may have put a key.
    const [place] = /line \d+ column \d+|Unexpected end/.exec(String(error)) ?? [];
    throw new StartError(`${path}: is not JSON${place === undefined ? '' : ` (${place})`}`);
  }
}

/** Names no value of the file, for the same reason. */
function describe(file: string, issue: z.core.$ZodIssue): string[] {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${file}: ${[...at, key].join('.')}: no such field`);
  }
  const inner = issue.code === 'invalid_key' ? issue.issues[0] : undefined;
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  const message = isMissing ? 'is needed' : (inner ?? issue).message;
  return [`${file}: ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}`];
}

function text() {
  return z.string('must be a text').refine((value) => value.trim() !== '', 'must not be empty');
}

function variable() {
  return z.string('must be a text').regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable');
}

function url() {
  return z
    .string('must be a text')
    .refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''), 'must be an http or https URL')
    .transform((value) => value.replace(/\/+$/, ''));
}

function tokens() {
  return z.int('must be a whole number of tokens').min(1, 'must be at least 1');
}
