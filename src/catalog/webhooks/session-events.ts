import { derivedId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Occurrence } from './announce.js';
import type { Announcement } from './event-types.js';

/** A session whose log is read for what is to be announced. */
export interface WatchedSession {
  id: string;
  /** The primary thread's public id: of threads only the others are announced. */
  thread_id: string;
}

/** The types of a session's log that something is announced of. Of a deletion the log does not always tell. */
export const TOLD = [
  'session.status_running',
  'session.status_idle',
  'session.status_rescheduled',
  'session.status_terminated',
  'session.updated',
  'session.thread_created',
  'session.thread_status_idle',
  'session.thread_status_terminated',
  'span.outcome_evaluation_end',
] as const;

type Told = (typeof TOLD)[number];

/**
 * What is to be announced of the log after an entry, and how far the log goes. The ids follow from the log's own: made
 * again they are the same.
 */
export async function readOccurrences(db: Database, session: WatchedSession, after: number) {
  const thread = await db
    .selectFrom('projection.threads')
    .select('seq')
    .where('thread', '=', session.id)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('projection.log')
    .select(['seq', 'event_id', 'type', 'processed_at', 'body'])
    .where('thread', '=', session.id)
    .where('seq', '>', after)
    .where('type', 'in', TOLD)
    .orderBy('seq')
    .execute();
  const occurrences: Occurrence[] = [];
  for (const { seq, event_id, type, processed_at, body } of rows) {
    // The query asks for nothing else.
    const told = announcementOf(session, type as Told, JSON.parse(body));
    const all = told ? [told] : [];
    if (type === 'session.status_idle' && (await isBudgetNewlyReached(db, session.id, seq, body))) {
      all.push({ type: 'session.budget_reached', id: session.id });
    }
    for (const data of all) {
      const id = derivedId('whe', `${session.id} ${event_id} ${data.type}`);
      // None of these is ever queued, so each has its time.
      occurrences.push({ id, at: processed_at ?? 0, data });
    }
  }
  // A log that is being made again may not be as long yet as it was.
  return { occurrences, through: Math.max(after, thread?.seq ?? 0) };
}

function announcementOf(session: WatchedSession, type: Told, event: LoggedThread): Announcement | undefined {
  const { id } = session;
  const session_thread_id = event.session_thread_id ?? '';
  const isChild = session_thread_id !== session.thread_id;
  switch (type) {
    case 'session.status_running':
      return { type: 'session.status_run_started', id };
    case 'session.status_idle':
      return { type: 'session.status_idled', id };
    case 'session.status_rescheduled':
    case 'session.status_terminated':
    case 'session.updated':
      return { type, id };
    case 'session.thread_created':
      return isChild ? { type, id, session_thread_id } : undefined;
    case 'session.thread_status_idle':
      return isChild ? { type: 'session.thread_idled', id, session_thread_id } : undefined;
    case 'session.thread_status_terminated':
      return isChild ? { type: 'session.thread_terminated', id, session_thread_id } : undefined;
    case 'span.outcome_evaluation_end':
      return { type: 'session.outcome_evaluation_ended', id };
    default:
      return unreachable(type);
  }
}

/** The end of a session; the same each time. */
export function deletionOf(id: string, at: number): Occurrence {
  return { id: derivedId('whe', `${id} session.deleted`), at, data: { type: 'session.deleted', id } };
}

interface LoggedThread {
  session_thread_id?: string;
}

const REACHED = '%"budget_reached"%';

/** Once for each budget (behaviours §15): a session that is spoken to again stops again, for the same one. */
async function isBudgetNewlyReached(db: Database, thread: string, seq: number, body: string): Promise<boolean> {
  // Quotes within a text are escaped, so this is the reason and no text that speaks of it.
  if (!body.includes('"budget_reached"')) return false;
  const before = await db
    .selectFrom('projection.log')
    .select('seq')
    .where('thread', '=', thread)
    .where('type', '=', 'session.status_idle')
    .where('seq', '<', seq)
    .where('body', 'like', REACHED)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!before) return true;
  const changed = await db
    .selectFrom('projection.log')
    .select('seq')
    .where('thread', '=', thread)
    .where('type', '=', 'session.updated')
    .where('seq', '>', before.seq)
    .where('seq', '<', seq)
    .where('body', 'like', '%"budget":%')
    .limit(1)
    .executeTakeFirst();
  return changed !== undefined;
}

function unreachable(type: never): never {
  throw new Error(`Unknown type ${JSON.stringify(type)}`);
}
