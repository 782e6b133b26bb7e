import { ApiError } from '../../api-error.js';
import type { SessionAgent } from '../../session/session.js';
import type { Database } from '../../storage/database.js';
import { attachmentsOf } from '../memory/attachments.js';
import type { Principal } from './principal.js';

/** What the path of a request names. */
export type Named = Readonly<Record<string, string>>;

/**
 * Throws `not_found_error` where a worker names what is not of the environment, or the session, that it works for, and
 * `permission_error` where it would change a memory store that its session may only read.
 */
export type CheckReach = (principal: Principal, named: Named, isReading: boolean) => Promise<void>;

export function createCheckReach(db: Database): CheckReach {
  return async (principal, named, isReading) => {
    if (principal.kind === 'api_key') return;
    requireSame('environment', named['environment_id'], principal.environmentId);
    if (principal.kind === 'environment_key') return checkSession(db, principal.environmentId, named['session_id']);
    requireSame('work item', named['work_id'], principal.workId);
    requireSame('session', named['session_id'], principal.sessionId);
    await checkSkill(db, principal.sessionId, named['skill_id']);
    await checkStore(db, principal.sessionId, named['memory_store_id'], isReading);
  };
}

function requireSame(what: string, named: string | undefined, own: string): void {
  if (named !== undefined && named !== own) throw notFound(what, named);
}

async function checkSession(db: Database, environmentId: string, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const row = await db.selectFrom('sessions').select('environment_id').where('id', '=', id).executeTakeFirst();
  if (row?.environment_id !== environmentId) throw notFound('session', id);
}

/** A token opens the skills of its session's agent. */
async function checkSkill(db: Database, sessionId: string, id: string | undefined): Promise<void> {
  if (id === undefined) return;
  const row = await db.selectFrom('sessions').select('agent').where('id', '=', sessionId).executeTakeFirst();
  // The column is written at creation from a SessionAgent and never changed; no update changes a session's skills.
  const agent = row && (JSON.parse(row.agent) as SessionAgent);
  if (!agent?.skills.some(({ skill_id }) => skill_id === id)) throw notFound('skill', id);
}

async function checkStore(db: Database, sessionId: string, id: string | undefined, isReading: boolean): Promise<void> {
  if (id === undefined) return;
  const store = (await attachmentsOf(db, sessionId)).find(({ memory_store_id }) => memory_store_id === id);
  if (!store) throw notFound('memory store', id);
  if (isReading || store.access === 'read_write') return;
  throw new ApiError('permission_error', `The session may read memory store ${id} and change nothing in it.`);
}

function notFound(what: string, id: string): ApiError {
  return new ApiError('not_found_error', `There is no ${what} ${id}.`);
}
