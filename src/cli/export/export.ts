import Anthropic from '@anthropic-ai/sdk';
import { createDestination } from './destination.js';
import { takeSession } from './session.js';
import type { Missing, Walk } from './walk.js';
import { takeAgentVersions, takeWorkspace } from './workspace.js';

export interface ExportOptions {
  url: string;
  apiKey: string;
  /** A session's or an agent's id, or `workspace` for all that the key's workspace has. */
  what: string;
  /** The directory to make; it must not be there. */
  directory: string;
  now: () => Date;
}

/** What can be exported. */
export type Kind = 'session' | 'agent' | 'workspace';

export function kindOf(what: string): Kind | undefined {
  if (what === 'workspace') return 'workspace';
  if (what.startsWith('agent_')) return 'agent';
  return what.startsWith('sesn_') ? 'session' : undefined;
}

/** Writes everything into a new directory, or nothing; gives what could not be taken along, and why. Throws `APIError` when the server refuses. */
export async function exportTo(options: ExportOptions): Promise<Missing[]> {
  const { url, apiKey, what, directory, now } = options;
  // A limit of requests a minute is waited for.
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 10 });
  const began = now().toISOString();
  const to = await createDestination(directory);
  const walk: Walk = { client, to, missing: [] };
  try {
    await take(walk, what);
    const { missing } = walk;
    await to.finish({ format: 'drover-export-1', what, began_at: began, ended_at: now().toISOString(), missing });
    return missing;
  } catch (error) {
    await to.abandon();
    throw error;
  }
}

async function take(walk: Walk, what: string): Promise<void> {
  const { agents, sessions } = walk.client.beta;
  switch (kindOf(what)) {
    case 'workspace':
      return takeWorkspace(walk);
    case 'agent': {
      const agent = await agents.retrieve(what);
      await walk.to.lines('agents.jsonl', [agent]);
      return takeAgentVersions(walk, what);
    }
    case 'session': {
      const session = await sessions.retrieve(what);
      await walk.to.lines('sessions.jsonl', [session]);
      return takeSession(walk, session, { withFiles: true });
    }
    case undefined:
      throw new Error(`${what} is neither a session’s nor an agent’s id, nor "workspace"`);
  }
}
