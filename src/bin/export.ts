import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { APIError } from '@anthropic-ai/sdk';
import { exportTo, kindOf } from '../cli/export/export.js';
import type { Flags } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import type { Terminal } from './key.js';
import { locateServer } from './running-server.js';

export interface ExportFlags extends Flags {
  out?: string;
}

/** Exports from the server of a data directory, prints where it all is, and says what is not there. */
export async function runExport(
  env: NodeJS.ProcessEnv,
  what: string,
  flags: ExportFlags,
  { print, note }: Terminal,
): Promise<void> {
  if (kindOf(what) === undefined) {
    throw new StartError(`${what} is neither a session’s id (sesn_…), nor an agent’s (agent_…), nor "workspace"`);
  }
  const directory = resolve(flags.out ?? `drover-export-${what}`);
  if (existsSync(directory)) throw new StartError(`${directory} is there already: name another one with --out`);
  const { url, key } = locateServer(env, flags);
  const exporting = exportTo({ url, apiKey: key, what, directory, now: () => new Date() });
  const missing = await exporting.catch((error: unknown) => {
    throw error instanceof APIError ? new StartError(`${url}: ${error.message}`) : error;
  });
  for (const { path, reason } of missing) note(`left out: ${path}: ${reason}`);
  print(directory);
}
