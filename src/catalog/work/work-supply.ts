import { newId } from '../../ids.js';
import type { InputEvent, SessionEventType } from '../../session/session.js';
import type { Database } from '../../storage/database.js';
import type { SessionRow } from '../sessions/session-tables.js';
import type { WorkItemRow } from './work-tables.js';
import type { WorkDeps } from './work-deps.js';

/**
 * A session in a self-hosted environment has one work item that is not stopped, or none. It gets one with an input that
 * may need a worker, and names that input. Each input brings one item at most: a worker that fails is not tried again
 * and again, the next input brings the next worker.
 */
export type WorkSession = Pick<SessionRow, 'id' | 'workspace' | 'environment_id'>;

/** Queues an item for a session that is there to stay and has none, and says so to who waits. */
export async function supplyWork(deps: WorkDeps, session: WorkSession, input: string): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    const live = selectLive({ db: tx }).where('sessions.id', '=', session.id);
    // It may have been archived or deleted since: what is queued then nobody would take away.
    if (await live.executeTakeFirst()) await queueWork(deps, tx, session, input);
  });
  deps.bell.ring(session.environment_id);
}

/** Queues an item for a session that has none, as part of a transaction: ring the bell once that is committed. */
export async function queueWork(deps: WorkDeps, tx: Database, session: WorkSession, input: string): Promise<void> {
  const item: WorkItemRow = {
    id: newId('work'),
    workspace: session.workspace,
    environment_id: session.environment_id,
    session_id: session.id,
    open_session: session.id,
    input,
    state: 'queued',
    metadata: '{}',
    ttl_seconds: deps.leaseSeconds,
    token: null,
    created_at: deps.clock(),
    claimed_at: null,
    acknowledged_at: null,
    started_at: null,
    latest_heartbeat_at: null,
    lease_until: null,
    stop_requested_at: null,
    stopped_at: null,
  };
  const once = tx.insertInto('work_items').values(item);
  await once.onConflict((conflict) => conflict.column('open_session').doNothing()).execute();
}

/** The event for which a session gets a work item, if any of these is one. */
export function wakingInput(events: readonly Pick<InputEvent, 'id' | 'type'>[]): string | undefined {
  return events.findLast(({ type }) => WAKING.includes(type))?.id;
}

/** A worker's own results are none, and a system message waits for the next turn. */
const WAKING: readonly SessionEventType[] = [
  'user.message',
  'user.tool_confirmation',
  'user.custom_tool_result',
  'user.define_outcome',
  'user.interrupt',
];

/** Whether the session is at work, or stands in the midst of a turn; undefined where its log cannot be read now. */
export async function isTurnOpen({ log }: Pick<WorkDeps, 'log'>, sessionId: string): Promise<boolean | undefined> {
  const state = await log.getState(sessionId);
  if (state === undefined) return undefined;
  if (state.status === 'terminated') return false;
  if (state.status !== 'idle') return true;
  const { events } = await log.getEvents(sessionId, { order: 'desc', limit: 1, types: ['session.status_idle'] });
  const [idle] = events;
  return idle?.type === 'session.status_idle' && idle.stop_reason.type === 'requires_action';
}

/** Called once an item is stopped, and wherever a request may have been cut off before it could queue one. Idempotent. */
export async function settleWork(deps: WorkDeps, sessionId: string): Promise<void> {
  try {
    await settle(deps, sessionId);
    deps.owedWork.delete(sessionId);
  } catch {
    // The log cannot be read now, or the disk is full. What was asked for has been done all the same.
    deps.owedWork.add(sessionId);
  }
}

async function settle(deps: WorkDeps, sessionId: string): Promise<void> {
  const session = await selectLive(deps).where('sessions.id', '=', sessionId).executeTakeFirst();
  if (!session) return;
  const isOpen = await isTurnOpen(deps, sessionId);
  if (isOpen === undefined) throw new Error(`The log of session ${sessionId} is being read again.`);
  if (!isOpen) return;
  const { events } = await deps.log.getEvents(sessionId, { order: 'desc', limit: 1, types: [...WAKING] });
  const input = events[0]?.id;
  if (input === undefined || input === (await lastInput(deps.db, sessionId))) return;
  await supplyWork(deps, session, input);
}

/** Sessions that have no open item, whether or not they need one, whatever the workspace. */
export async function listIdleSessions(deps: WorkDeps): Promise<string[]> {
  const rows = await selectLive(deps).execute();
  return rows.map(({ id }) => id);
}

function selectLive({ db }: Pick<WorkDeps, 'db'>) {
  return db
    .selectFrom('sessions')
    .leftJoin('work_items', 'open_session', 'sessions.id')
    .select(['sessions.id', 'sessions.workspace', 'sessions.environment_id'])
    .where('sessions.self_hosted', '=', 1)
    .where('sessions.started_at', 'is not', null)
    .where('sessions.archived_at', 'is', null)
    .where('sessions.deleted_at', 'is', null)
    .where('open_session', 'is', null);
}

/** What the session's last item was queued for. */
async function lastInput(db: Database, sessionId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('work_items')
    .select('input')
    .where('session_id', '=', sessionId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.input;
}
