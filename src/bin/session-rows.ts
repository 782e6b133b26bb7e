import { remember } from '../mounts/remember.js';
import type { SessionAgent } from '../session/session.js';
import { loadState } from '../session/projection.js';
import type { Database } from '../storage/database.js';

/** What the work of a session asks about it, at every step. */
export interface SessionRows {
  /** The agent that it works with now: as it was created, or as an update has made it. Not to be changed. */
  agentOf(sessionId: string): Promise<SessionAgent>;
  /** Whom it works for: applications often share a key, so they are told apart by their agents. */
  clientOf(sessionId: string): Promise<string>;
}

export function createSessionRows(db: Database): SessionRows {
  const created = remember((id) => readCreated(db, id), REMEMBERED);
  return {
    async agentOf(sessionId) {
      const state = await loadState(db, sessionId);
      const agent = state?.agent ?? (await created.of(sessionId))?.agent;
      if (agent === undefined) throw new Error(`There is no session ${sessionId}.`);
      return agent;
    },
    clientOf: async (sessionId) => (await created.of(sessionId))?.agentId ?? sessionId,
  };
}

/** Agents may be large. */
const REMEMBERED = 256;

/** The columns that are written when a session is created and never changed. */
async function readCreated(db: Database, id: string): Promise<{ agent: SessionAgent; agentId: string } | undefined> {
  const row = await db.selectFrom('sessions').select(['agent', 'agent_id']).where('id', '=', id).executeTakeFirst();
  return row && { agent: JSON.parse(row.agent), agentId: row.agent_id };
}

/** Undefined when there is none any more. */
export function findSession(db: Database, id: string): Promise<{ agent: string } | undefined> {
  return db.selectFrom('sessions').select('agent').where('id', '=', id).executeTakeFirst();
}

/** Whether its commands are a worker's to run. */
export async function isSelfHosted(db: Database, id: string): Promise<boolean> {
  const row = await db.selectFrom('sessions').select('self_hosted').where('id', '=', id).executeTakeFirst();
  return row?.self_hosted === 1;
}
