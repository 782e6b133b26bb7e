import type { SessionAgent } from '../session/session.js';
import { loadState } from '../session/projection.js';
import type { Database } from '../storage/database.js';

/** The agent that a session works with now: as it was created, or as an update has made it. */
export async function agentOf(db: Database, sessionId: string): Promise<SessionAgent> {
  const state = await loadState(db, sessionId);
  if (state?.agent) return state.agent;
  const row = await findSession(db, sessionId);
  if (row === undefined) throw new Error(`There is no session ${sessionId}.`);
  return JSON.parse(row.agent);
}

/** A server has one API key, so its applications are told apart by their agents. */
export async function clientOf(db: Database, sessionId: string): Promise<string> {
  const row = await db.selectFrom('sessions').select('agent_id').where('id', '=', sessionId).executeTakeFirst();
  return row?.agent_id ?? sessionId;
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
