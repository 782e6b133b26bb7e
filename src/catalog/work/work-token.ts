import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../storage/database.js';
import type { WorkItemRow } from './work-tables.js';

/** Begins the text of every token that a work item's secret carries. */
export const SESSION_TOKEN_PREFIX = 'sk-ant-req-';

/** How long a worker may still say its last words after its item was stopped (unknowns 56). */
const GRACE_MS = 300_000;

/** What a session token opens: one work item, its session, and what that session has. */
export interface SessionTokenHolder {
  /** The token's. */
  hash: string;
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

/** Whom a token stands for; undefined when it is none, its time is over, or the key that it was given to is revoked. */
export async function findSessionToken(
  db: Database,
  text: string,
  now: number,
): Promise<SessionTokenHolder | undefined> {
  const [holder] = await findHolders(db, [hashOf(text)], now);
  return holder;
}

/** The same of several, by their hashes: those that stand for somebody. */
export async function findHolders(db: Database, hashes: readonly string[], now: number): Promise<SessionTokenHolder[]> {
  const rows = await db
    .selectFrom('work_tokens')
    .innerJoin('work_items', 'work_items.id', 'work_tokens.work_id')
    .leftJoin('api_keys', 'api_keys.id', 'work_tokens.key_id')
    .select(['work_tokens.hash', 'work_id', 'work_items.workspace', 'work_items.environment_id', 'session_id'])
    .select(['state', 'token', 'lease_until', 'stopped_at'])
    .where('work_tokens.hash', 'in', hashes)
    .where('api_keys.revoked_at', 'is', null)
    .execute();
  return rows
    .filter(({ stopped_at }) => stopped_at === null || stopped_at + GRACE_MS > now)
    .map((row) => toHolder(row, now));
}

type TokenRow = Pick<WorkItemRow, 'workspace' | 'environment_id' | 'session_id' | 'state' | 'token' | 'lease_until'> & {
  hash: string;
  work_id: string;
};

function toHolder(row: TokenRow, now: number): SessionTokenHolder {
  const { hash, workspace, environment_id: environmentId, work_id: workId, session_id: sessionId } = row;
  return { hash, workspace, environmentId, workId, sessionId, isStale: row.token !== hash || isLapsed(row, now) };
}

/** Whether its worker has been silent for too long. */
function isLapsed({ state, lease_until }: Pick<WorkItemRow, 'state' | 'lease_until'>, now: number): boolean {
  return (state === 'starting' || state === 'active') && lease_until !== null && lease_until <= now;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
