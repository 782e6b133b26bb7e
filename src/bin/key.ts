import { z } from 'zod';
import type { Flags } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { findServer } from './running-server.js';

export interface KeyFlags extends Flags {
  name?: string;
  workspace?: string;
  /** Separated by commas. */
  scopes?: string;
  /** Then it is the key of an environment's workers. */
  environment?: string;
}

/** Where words for a person go, and where what a script may want. */
export interface Terminal {
  print: (line: string) => void;
  note: (line: string) => void;
}

/** Makes a key and prints its text, which nobody can be shown again. */
export async function createKey(env: NodeJS.ProcessEnv, flags: KeyFlags, { print, note }: Terminal): Promise<void> {
  const { name = 'made on the command line', environment, workspace, scopes } = flags;
  const isFor = environment === undefined ? 'api_keys' : 'environment_keys';
  if (environment !== undefined && (workspace ?? scopes) !== undefined) {
    throw new StartError('--environment goes with neither --workspace nor --scopes: its key opens its work alone');
  }
  const answer = await findServer(env, flags).post(isFor, {
    name,
    ...(environment !== undefined && { environment_id: environment }),
    ...(workspace !== undefined && { workspace_id: workspace }),
    ...(scopes !== undefined && { scopes: scopes.split(',').map((scope) => scope.trim()) }),
  });
  const made = keySchema.extend({ key: z.string() }).parse(answer);
  note(`${describeKey(made)}; its text is not shown again:`);
  print(made.key);
}

/** The keys of a workspace, or of an environment: a line each, newest first. */
export async function listKeys(env: NodeJS.ProcessEnv, flags: KeyFlags, { print }: Terminal): Promise<void> {
  const { environment: environment_id, workspace: workspace_id } = flags;
  if (environment_id !== undefined && workspace_id !== undefined) {
    throw new StartError('--environment and --workspace do not go together: an environment is in one workspace');
  }
  const server = findServer(env, flags);
  const keys = await (environment_id === undefined
    ? server.list('api_keys', keySchema, { workspace_id })
    : server.list('environment_keys', keySchema, { environment_id }));
  for (const key of keys) print(describeKey(key));
}

/** From the next request on it opens nothing. */
export async function revokeKey(env: NodeJS.ProcessEnv, id: string, flags: Flags, { print }: Terminal): Promise<void> {
  const kind = id.startsWith('ekey_') ? 'environment_keys' : 'api_keys';
  print(describeKey(keySchema.parse(await findServer(env, flags).post(`${kind}/${encodeURIComponent(id)}/revoke`))));
}

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  hint: z.string(),
  workspace_id: z.string(),
  environment_id: z.string().optional(),
  scopes: z.array(z.string()).optional(),
  created_at: z.string(),
  revoked_at: z.string().nullable(),
});

function describeKey(key: z.infer<typeof keySchema>): string {
  const opens = key.environment_id ?? `${key.workspace_id} ${key.scopes?.join(',') ?? ''}`;
  const since = key.revoked_at === null ? `since ${key.created_at}` : `revoked ${key.revoked_at}`;
  return `${key.id}  ${key.hint}  ${opens}  ${since}  ${key.name}`;
}
