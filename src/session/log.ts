import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { ApiError } from '../api-error.js';
import type { Database } from '../storage/database.js';
import { fitting, LARGEST_PAGE } from '../storage/page-size.js';
import type { Bus } from './bus.js';
import { listed, loadState } from './projection.js';
import type { Projector } from './projector.js';
import type { EventPage, EventQuery, SessionEvent, SessionLog } from './session.js';

/** The reading side of the log over its projection; `freshness` is what a reader has to see at least. */
export function createSessionLog(db: Database, bus: Bus, freshness: Freshness): SessionLog {
  return {
    async getState(sessionId) {
      await freshness.settle(sessionId);
      const state = await loadState(db, sessionId);
      if (state) return state;
      // It has just begun, or is read again: there is nothing older to show, so it is waited for.
      await freshness.settle(sessionId, LONG_PATIENCE_MS);
      return loadState(db, sessionId);
    },
    async getEvents(sessionId, query) {
      const isFresh = (await freshness.settle(sessionId)) || (await hasBegun(db, sessionId));
      // With nothing of it read yet an empty list would say that nothing has happened.
      if (isFresh || (await freshness.settle(sessionId, LONG_PATIENCE_MS))) return selectPage(db, sessionId, query);
      throw isRead(sessionId);
    },
    async getEvent(sessionId, eventId) {
      await freshness.settle(sessionId);
      const event = await selectEvent(db, sessionId, eventId);
      if (event) return event;
      if (await freshness.settle(sessionId, LONG_PATIENCE_MS)) return selectEvent(db, sessionId, eventId);
      // What has not been read yet may well hold it: to say that there is none would be a guess.
      throw isRead(sessionId);
    },
    subscribe: (sessionId, subscriber) => bus.subscribe(sessionId, subscriber),
  };
}

/** Whether anything of the log has been read. */
async function hasBegun(db: Database, thread: string): Promise<boolean> {
  const row = await db
    .selectFrom('projection.threads')
    .select('thread')
    .where('thread', '=', thread)
    .executeTakeFirst();
  return row !== undefined;
}

function isRead(sessionId: string): ApiError {
  return new ApiError('unavailable_error', `The log of session ${sessionId} is being read.`, { retryAfter: 1 });
}

/** Reads see what this server has acknowledged: `acknowledge` notes it, `settle` waits until it is projected. */
export interface Freshness {
  acknowledge(thread: string, seq: number): void;
  /** Never fails: where Temporal does not answer in time, it gives false, and readers get what is projected. */
  settle(thread: string, patienceMs?: number): Promise<boolean>;
  forget(thread: string): void;
}

/** How long a read waits for the log. */
const PATIENCE_MS = 2_000;
const LONG_PATIENCE_MS = 8_000;
/** After a wait in vain the next readers are not kept waiting either, for this long. */
const TROUBLE_MS = 5_000;

/** Of more threads than this those that were known longest are forgotten: what was acknowledged is long projected, and is read again. */
const MOST_KNOWN = 100_000;

export function createFreshness(projector: Pick<Projector, 'reach' | 'catchUp'>, most = MOST_KNOWN): Freshness {
  const acknowledged = new Map<string, number>();
  // What a process that died had not projected yet is read once, when the thread is first asked for.
  const verified = new Set<string>();
  let troubledUntil = 0;
  const read = async (thread: string): Promise<void> => {
    if (!verified.has(thread)) {
      await projector.catchUp(thread);
      verified.add(thread);
      dropOldest(verified, most);
    }
    const seq = acknowledged.get(thread);
    if (seq === undefined) return;
    await projector.reach(thread, seq);
    if (acknowledged.get(thread) === seq) acknowledged.delete(thread);
  };
  return {
    acknowledge(thread, seq) {
      const known = acknowledged.get(thread) ?? 0;
      acknowledged.delete(thread);
      acknowledged.set(thread, Math.max(seq, known));
      dropOldest(acknowledged, most);
    },
    async settle(thread, patienceMs = PATIENCE_MS) {
      if (verified.has(thread) && !acknowledged.has(thread)) return true;
      const reading = read(thread).then(
        () => true,
        () => false,
      );
      if (patienceMs === PATIENCE_MS && Date.now() < troubledUntil) return false;
      const late = new AbortController();
      const waited = sleep(patienceMs, false, { signal: late.signal }).catch(() => false);
      const isFresh = await Promise.race([reading, waited]);
      late.abort();
      if (!isFresh) troubledUntil = Date.now() + TROUBLE_MS;
      return isFresh;
    },
    forget(thread) {
      acknowledged.delete(thread);
      verified.delete(thread);
    },
  };
}

/** Sets and maps keep the order in which things came in. */
function dropOldest(known: Set<string> | Map<string, unknown>, most: number): void {
  for (const oldest of known.keys()) {
    if (known.size <= most) return;
    known.delete(oldest);
  }
}

/** A page of a thread's list as it is projected now. */
export async function selectPage(
  db: Database,
  thread: string,
  query: EventQuery,
  largest = LARGEST_PAGE,
): Promise<EventPage> {
  // One event is a page however large it is.
  const end = query.limit === 1 ? undefined : await findEnd(db, thread, query, largest);
  const rows = await selectListed(db, thread, query, end)
    .select(['body', 'position', 'processed_at', 'seq'])
    .limit(query.limit + 1)
    .execute();
  const page = rows.slice(0, query.limit);
  const last = end !== undefined || rows.length > query.limit ? page.at(-1) : undefined;
  return {
    events: page.map((row) => listed(JSON.parse(row.body), row.processed_at)),
    next: last ? { position: last.position, seq: last.seq } : null,
  };
}

/** The last position of a page that cannot hold all that is asked for. */
async function findEnd(db: Database, thread: string, query: EventQuery, largest: number): Promise<number | undefined> {
  const sizes = await selectListed(db, thread, query)
    .select(['position', sql<number>`octet_length(body)`.as('size')])
    .limit(query.limit + 1)
    .execute();
  const count = Math.min(query.limit, fitting(sizes, largest));
  return count < sizes.length ? (sizes[count - 1]?.position ?? undefined) : undefined;
}

/** Where no end is given there is none: between two statements what is queued may be taken up, and move. */
function selectListed(db: Database, thread: string, { order, types, page, processed }: EventQuery, end?: number) {
  const { gt, gte, lt, lte } = processed ?? {};
  let select = db
    .selectFrom('projection.log')
    .where('thread', '=', thread)
    .where('position', 'is not', null)
    .orderBy('position', order);
  if (types) select = select.where('type', 'in', types);
  if (gt !== undefined) select = select.where('processed_at', '>', gt);
  if (gte !== undefined) select = select.where('processed_at', '>=', gte);
  if (lt !== undefined) select = select.where('processed_at', '<', lt);
  if (lte !== undefined) select = select.where('processed_at', '<=', lte);
  if (page) select = select.where('position', order === 'asc' ? '>' : '<', page.position);
  return end === undefined ? select : select.where('position', order === 'asc' ? '<=' : '>=', end);
}

async function selectEvent(db: Database, thread: string, id: string): Promise<SessionEvent | undefined> {
  const row = await db
    .selectFrom('projection.log')
    .select(['body', 'processed_at'])
    .where('thread', '=', thread)
    .where('event_id', '=', id)
    .executeTakeFirst();
  return row && listed(JSON.parse(row.body), row.processed_at);
}
