import type { Database } from '../storage/database.js';
import { fold, newSessionState } from './fold.js';
import type { Decoded, LogEntry, LoggedEvent } from './history.js';
import type { SessionEvent, SessionState } from './session.js';
import { QUEUED, type LogRow, type ThreadRow } from './tables.js';

/** What a reader of a thread remembers from page to page. */
export interface Remembered {
  /** The state where the cursor is, once it is known; `project` keeps it so. */
  state?: SessionState | undefined;
}

/**
 * Writes what a page of history says into the projection, with the cursor it was read to, in one transaction. Returns
 * the events in the order they are to be published. An entry that is there already is passed over; a gap is an error.
 */
export async function project(
  db: Database,
  cursor: ThreadRow,
  decoded: Decoded[],
  remembered: Remembered = {},
): Promise<SessionEvent[]> {
  // A thread has one projector, and its rows are nobody else's: there is no one to be kept apart from.
  const transaction = db.transaction().setIsolationLevel('read committed');
  const { seq, state, published } = await transaction.execute(async (tx) => {
    const before = remembered.state ?? (await loadState(tx, cursor.thread));
    const page = interpret(cursor, before, decoded);
    for (let at = 0; at < page.rows.length; at += ROWS_AT_ONCE) {
      await tx
        .insertInto('projection.log')
        .values(page.rows.slice(at, at + ROWS_AT_ONCE))
        .execute();
    }
    const stamped = new Map<string, SessionEvent>();
    for (const stamp of page.stamps) stamped.set(stamp.id, await stampRow(tx, cursor.thread, stamp));
    if (page.state && page.state !== before) await saveState(tx, cursor.thread, page.state);
    const row = { ...cursor, seq: page.seq };
    await tx
      .insertInto('projection.threads')
      .values(row)
      .onConflict((conflict) => conflict.column('thread').doUpdateSet(row))
      .execute();
    const told = page.published.map((event) => (typeof event === 'string' ? found(stamped.get(event)) : event));
    return { seq: page.seq, state: page.state, published: told };
  });
  cursor.seq = seq;
  remembered.state = state;
  return published;
}

/** A statement takes some 32,000 values. */
const ROWS_AT_ONCE = 1_000;

/** An event as clients see it. */
export function listed(event: LoggedEvent, processedAt: number | null): SessionEvent {
  const processed_at = processedAt === null ? null : new Date(processedAt).toISOString();
  // The journal's writers make events of the wire's types; the decoder only puts their parts together again.
  return { ...event, processed_at } as unknown as SessionEvent;
}

/** What `project` has given to be published of these entries. */
export async function readPublished(
  db: Database,
  thread: string,
  { after, to }: { after: number; to: number },
): Promise<SessionEvent[]> {
  const rows = db.selectFrom('projection.log').select(['seq', 'position', 'processed_at', 'body', 'kind']);
  const ofThread = rows.where('thread', '=', thread);
  const entries = await ofThread.where('seq', '>', after).where('seq', '<=', to).orderBy('seq').execute();
  const events: SessionEvent[] = [];
  for (const { kind, seq, position, processed_at, body } of entries) {
    if (kind === 'event') events.push(listed(JSON.parse(body), position === seq ? processed_at : null));
    if (kind !== 'processed') continue;
    const input = await ofThread.where('event_id', '=', JSON.parse(body).id).executeTakeFirstOrThrow();
    events.push(listed(JSON.parse(input.body), input.processed_at));
  }
  return events;
}

/** What the log says of a run that was ended from outside and could not say so itself. */
export function forcedEnd(runId: string, seq: number, at: number): LogEntry {
  const event = { id: `sevt_${runId.replaceAll('-', '')}`, type: 'session.status_terminated' };
  return { kind: 'event', seq, at, queued: false, event };
}

/** Forgets a thread: the next read starts at the beginning of its history. */
export async function erase(db: Database, thread: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('projection.log').where('thread', '=', thread).execute();
    await tx.deleteFrom('projection.session_states').where('session_id', '=', thread).execute();
    await tx.deleteFrom('projection.threads').where('thread', '=', thread).execute();
  });
}

interface Page {
  seq: number;
  rows: LogRow[];
  /** Queued events among them that are not stamped yet, by id. */
  queued: Map<string, { row: LogRow; event: LoggedEvent }>;
  /** Of queued events in the rows of earlier pages. */
  stamps: Stamp[];
  state: SessionState | undefined;
  /** Events, or the ids of those that are stamped in their rows. */
  published: (SessionEvent | string)[];
}

interface Stamp {
  id: string;
  seq: number;
  at: number;
}

function interpret(cursor: ThreadRow, state: SessionState | undefined, decoded: Decoded[]): Page {
  const page: Page = { seq: cursor.seq, rows: [], queued: new Map(), stamps: [], state, published: [] };
  for (const item of decoded) {
    if (item.type === 'start') page.state ??= newSessionState(item.start);
    else if (item.type === 'entry') takeEntry(page, cursor.thread, item.entry);
    else if (item.type === 'end' && item.forced && page.state?.status !== 'terminated') {
      takeEntry(page, cursor.thread, forcedEnd(cursor.run_id, page.seq + 1, item.at));
    }
  }
  return page;
}

function takeEntry(page: Page, thread: string, entry: LogEntry): void {
  if (entry.seq <= page.seq) return;
  if (entry.seq !== page.seq + 1) throw new Error(`The log of ${thread} has no entry ${page.seq + 1}.`);
  page.seq = entry.seq;
  switch (entry.kind) {
    case 'event':
      page.rows.push(eventRow(page, thread, entry));
      page.published.push(listed(entry.event, entry.queued ? null : entry.at));
      if (page.state) page.state = fold(page.state, entry.event, entry.at);
      return;
    case 'processed':
      page.rows.push({ ...bare(thread, entry), body: JSON.stringify({ id: entry.id }) });
      page.published.push(stamp(page, entry));
      return;
    case 'assistant':
      page.rows.push({ ...bare(thread, entry), body: JSON.stringify(entry.reply) });
      return;
    case 'summary':
      page.rows.push({ ...bare(thread, entry), body: JSON.stringify(entry.summary) });
      return;
    default:
      return unreachable(entry);
  }
}

function eventRow(page: Page, thread: string, entry: Extract<LogEntry, { kind: 'event' }>): LogRow {
  const row: LogRow = {
    ...bare(thread, entry),
    event_id: entry.event.id,
    type: entry.event.type,
    position: entry.queued ? QUEUED + entry.seq : entry.seq,
    processed_at: entry.queued ? null : entry.at,
    body: JSON.stringify(entry.event),
  };
  if (entry.queued) page.queued.set(entry.event.id, { row, event: entry.event });
  return row;
}

/** Mostly an input is taken up as soon as it has come: then its row is not written yet. */
function stamp({ queued, stamps }: Page, { id, seq, at }: Stamp): SessionEvent | string {
  const known = queued.get(id);
  if (!known) {
    stamps.push({ id, seq, at });
    return id;
  }
  queued.delete(id);
  Object.assign(known.row, { position: seq, processed_at: at });
  return listed(known.event, at);
}

function bare(thread: string, { seq, kind }: LogEntry): Omit<LogRow, 'body'> {
  return { thread, seq, kind, event_id: null, type: null, position: null, processed_at: null };
}

async function stampRow(tx: Database, thread: string, stamp: Stamp): Promise<SessionEvent> {
  const { body } = await tx
    .updateTable('projection.log')
    .set({ position: stamp.seq, processed_at: stamp.at })
    .where('thread', '=', thread)
    .where('event_id', '=', stamp.id)
    .returning('body')
    .executeTakeFirstOrThrow();
  return listed(JSON.parse(body), stamp.at);
}

export async function loadState(db: Database, sessionId: string): Promise<SessionState | undefined> {
  const row = await db
    .selectFrom('projection.session_states')
    .select('state')
    .where('session_id', '=', sessionId)
    .executeTakeFirst();
  return row && JSON.parse(row.state);
}

async function saveState(tx: Database, sessionId: string, state: SessionState): Promise<void> {
  const row = {
    session_id: sessionId,
    status: state.status,
    state: JSON.stringify(state),
    updated_at: state.updated_at,
  };
  await tx
    .insertInto('projection.session_states')
    .values(row)
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet(row))
    .execute();
}

function found(event: SessionEvent | undefined): SessionEvent {
  if (event === undefined) throw new Error('An event was stamped that is not in the log.');
  return event;
}

function unreachable(entry: never): never {
  throw new Error(`Unknown log entry ${JSON.stringify(entry)}`);
}
