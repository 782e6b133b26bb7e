import { z } from 'zod';
import type { Flags } from '../config/config.js';
import type { Terminal } from './key.js';
import { findServer } from './running-server.js';

/** Makes a workspace and prints its id. Keys to it are made with `drover key create --workspace`. */
export async function createWorkspace(
  env: NodeJS.ProcessEnv,
  name: string,
  flags: Flags,
  { print }: Terminal,
): Promise<void> {
  print(workspaceSchema.parse(await findServer(env, flags).post('workspaces', { name })).id);
}

/** A line each, newest first, archived ones too. */
export async function listWorkspaces(env: NodeJS.ProcessEnv, flags: Flags, { print }: Terminal): Promise<void> {
  for (const workspace of await findServer(env, flags).list('workspaces', workspaceSchema)) print(describe(workspace));
}

/** For good: from the next request on none of its keys opens anything. */
export async function archiveWorkspace(
  env: NodeJS.ProcessEnv,
  id: string,
  flags: Flags,
  { print }: Terminal,
): Promise<void> {
  const answer = await findServer(env, flags).post(`workspaces/${encodeURIComponent(id)}/archive`);
  print(describe(workspaceSchema.parse(answer)));
}

const workspaceSchema = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.string(),
  archived_at: z.string().nullable(),
});

function describe({ id, name, created_at, archived_at }: z.infer<typeof workspaceSchema>): string {
  return `${id}  ${archived_at === null ? `since ${created_at}` : `archived ${archived_at}`}  ${name}`;
}
