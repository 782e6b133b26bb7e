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

/** A line each, newest first. */
export async function listWorkspaces(env: NodeJS.ProcessEnv, flags: Flags, { print }: Terminal): Promise<void> {
  for (const { id, created_at, name } of await findServer(env, flags).list('workspaces', workspaceSchema)) {
    print(`${id}  since ${created_at}  ${name}`);
  }
}

const workspaceSchema = z.object({ id: z.string(), name: z.string(), created_at: z.string() });
