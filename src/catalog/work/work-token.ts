import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../storage/database.js';
import type { WorkItemRow } from './work-tables.js';

/** Begins the text of every token that a work item's secret carries. */
export const SESSION_TOKEN_PREFIX = 'sk-ant-req-';

/** How long a worker may still say its last words after its item was stopped (unknowns 56). */
const GRACE_MS = 300_000;

/** What a session token opens: one work item, its session, and what that session has. */
export interface SessionTokenHolder {
  workspace: string;
  environmentId: string;
  workId: string;
  sessionId: string;
  /** The item has been given to another worker, or back to the queue. */
  isStale: boolean;
}

export interface SessionToken {
  text: string;
  hash: string;
}

/** 256 random bits; what is kept of them is their hash. */
export function newSessionToken(): SessionToken {
  const text = SESSION_TOKEN_PREFIX + randomBytes(32).toString('base64url');
  return { text, hash: hashOf(text) };
}

/** The token as a work item carries it. */
export function toSecret({ text }: SessionToken): string {
  return Buffer.from(JSON.stringify({ sessions_token: text })).toString('base64url');
}

/** Whom a token stands for; undefined when it is none, or its time is over. */
export async function findSessionToken(
  db: Database,
  text: string,
  now: number,
): Promise<SessionTokenHolder | undefined> {
  const hash = hashOf(text);
  const item = await db
    .selectFrom('work_tokens')
    .innerJoin('work_items', 'work_items.id', 'work_tokens.work_id')
    .selectAll('work_items')
    .where('work_tokens.hash', '=', hash)
    .executeTakeFirst();
  if (!item || (item.stopped_at !== null && item.stopped_at + GRACE_MS <= now)) return undefined;
  const { workspace, environment_id: environmentId, id: workId, session_id: sessionId } = item;
  return { workspace, environmentId, workId, sessionId, isStale: item.token !== hash || isLapsed(item, now) };
}

/** Whether its worker has been silent for too long. */
function isLapsed({ state, lease_until }: Pick<WorkItemRow, 'state' | 'lease_until'>, now: number): boolean {
  return (state === 'starting' || state === 'active') && lease_until !== null && lease_until <= now;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
