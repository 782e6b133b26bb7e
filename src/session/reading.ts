import type { Database } from '../storage/database.js';
import type { Blobs } from './blobs.js';
import { attach } from './bodies.js';
import type { Bus } from './bus.js';
import { decode, newDecoder, type Decoded, type Decoder, type LogEntry } from './history.js';
import type { HistoryReader } from './history-reader.js';
import { project, readPublished, type Remembered } from './projection.js';
import type { ThreadRow } from './tables.js';

export interface ReadingDeps {
  db: Database;
  history: HistoryReader;
  blobs: Blobs;
  bus: Bus;
}

/** A thread that is being read: where, and what is remembered of what came before. */
export interface Place extends Remembered {
  cursor: ThreadRow;
}

/** Where a thread was last read to, or its beginning; undefined when Temporal knows no such thread. */
export async function loadPlace(deps: ReadingDeps, thread: string): Promise<Place | undefined> {
  const cursor = await deps.db
    .selectFrom('projection.threads')
    .selectAll()
    .where('thread', '=', thread)
    .executeTakeFirst();
  if (cursor) return { cursor };
  const runId = await deps.history.firstRun(thread);
  return runId === undefined ? undefined : { cursor: startOf(thread, runId, 0) };
}

/**
 * Reads and projects one page, and moves the cursor. Returns how many history events there were. Once it has thrown, the
 * place is not where the database is.
 */
export async function readPage(deps: ReadingDeps, place: Place, signal: AbortSignal): Promise<number> {
  const { cursor } = place;
  const page = await deps.history.read(cursor.thread, cursor.run_id, cursor.token, signal);
  if (page.events.length === 0) return 0;
  const decoder: Decoder = page.fromStart ? newDecoder() : JSON.parse(cursor.decoder);
  const decoded: Decoded[] = [];
  for (const event of page.events) {
    for (const item of decode(decoder, event)) decoded.push(await withBodies(deps, cursor.thread, item));
    cursor.last_event_id = Math.max(cursor.last_event_id, Number(event.eventId));
  }
  cursor.token = page.token ?? CLOSED;
  cursor.decoder = JSON.stringify(decoder);
  const nextRun = decoded.find((item) => item.type === 'next_run');
  if (nextRun) Object.assign(cursor, startOf(cursor.thread, nextRun.runId, cursor.seq));
  // The place is kept with the next entry; a process that dies before that reads this page again.
  if (decoded.length === 0) return page.events.length;
  const published = await project(deps.db, cursor, decoded, place);
  for (const event of published) deps.bus.publish(cursor.thread, event);
  return page.events.length;
}

/** Publishes entries that are projected, as they were to be published when they were. */
export async function publishAgain(
  { db, bus }: Pick<ReadingDeps, 'db' | 'bus'>,
  thread: string,
  range: { after: number; to: number },
): Promise<void> {
  if (range.to <= range.after) return;
  for (const event of await readPublished(db, thread, range)) bus.publish(thread, event);
}

/** Reads to the end of what is committed, over all runs, without waiting for more. */
export async function catchUp(deps: ReadingDeps, place: Place, signal: AbortSignal): Promise<void> {
  const { cursor } = place;
  let run: string | undefined;
  let end = 0;
  while (cursor.token?.length !== 0) {
    if (run !== cursor.run_id) {
      run = cursor.run_id;
      end = await deps.history.length(cursor.thread, run);
    }
    if (cursor.last_event_id >= end) return;
    await readPage(deps, place, signal);
  }
}

/** A closed run that has been read: there is no more. */
const CLOSED = new Uint8Array(0);

function startOf(thread: string, runId: string, seq: number): ThreadRow {
  return { thread, run_id: runId, token: null, last_event_id: 0, decoder: JSON.stringify(newDecoder()), seq };
}

/** Blobs belong to the session, which is the first part of a thread's name. */
function sessionOf(thread: string): string {
  return thread.split('/', 1)[0] ?? thread;
}

/** The item with what it refers to in blobs. */
export async function withBodies(deps: Pick<ReadingDeps, 'blobs'>, thread: string, item: Decoded): Promise<Decoded> {
  switch (item.type) {
    case 'entry':
      return attach(item, sessionOf(thread), deps.blobs, metadataOf(item.entry));
    // Its events are entries, too.
    case 'start':
    case 'next_run':
    case 'end':
      return item;
    default:
      return unreachable(item);
  }
}

/** The workflow merges it, and therefore has it as it is. Its keys are the client's to choose. */
function metadataOf(entry: LogEntry): unknown {
  return entry.kind === 'event' && entry.event.type === 'session.updated' ? entry.event['metadata'] : undefined;
}

function unreachable(item: never): never {
  throw new Error(`Unknown decoded item ${JSON.stringify(item)}`);
}
