import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { createBus } from '../../src/session/bus.js';
import { fold, newSessionState } from '../../src/session/fold.js';
import type { Decoded, LogEntry } from '../../src/session/history.js';
import type { JournalEntry } from '../../src/session/journal.js';
import { createSessionLog } from '../../src/session/log.js';
import { erase, listed, loadState, project } from '../../src/session/projection.js';
import type { EventQuery, SessionEvent } from '../../src/session/session.js';
import type { ThreadRow } from '../../src/session/tables.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase, STORE } from '../support/database.js';
import { play, START } from '../harness/play.js';
import { anyPlan } from '../harness/plans.js';

let dir: string;
let place: string;
let db: Database;
let threads = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-projection-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
});

afterAll(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

const RUNS = { numRuns: STORE === 'sqlite' ? 60 : 10 };
/** Logs as the harness writes them, whatever happened. */
const anyEntries = anyPlan.map((plan) => play(plan).entries.map(toLogEntry));

function toLogEntry(entry: JournalEntry): LogEntry {
  switch (entry.kind) {
    case 'event':
      return { kind: 'event', seq: entry.seq, at: entry.at, queued: entry.queued === true, event: entry.event };
    case 'processed':
      return entry;
    case 'assistant':
      return {
        kind: 'assistant',
        seq: entry.seq,
        at: entry.at,
        reply: { content: [], stop_reason: null, tool_use_ids: {} },
      };
    case 'summary': {
      const summary = { through: entry.through, content: [], words: [], system: [] };
      return { kind: 'summary', seq: entry.seq, at: entry.at, summary };
    }
    default:
      throw new Error(`no such entry: ${JSON.stringify(entry satisfies never)}`);
  }
}

const cursorOf = (thread: string): ThreadRow => ({
  thread,
  run_id: 'aaaa-bbbb',
  token: null,
  last_event_id: 0,
  decoder: '{}',
  seq: 0,
});

const toDecoded = (entries: LogEntry[]): Decoded[] => entries.map((entry) => ({ type: 'entry', entry }));

/** Projects a log in pages of these sizes, the last one over and over; gives the thread and what was published. */
async function projectAll(entries: LogEntry[], sizes = [entries.length + 1]) {
  const thread = `sesn_${++threads}`;
  const cursor = cursorOf(thread);
  const published = await project(db, cursor, [{ type: 'start', start: START }]);
  for (let from = 0, page = 0; from < entries.length; page += 1) {
    const size = sizes[page % sizes.length] ?? 1;
    published.push(...(await project(db, cursor, toDecoded(entries.slice(from, from + size)))));
    from += size;
  }
  return { thread, cursor, published };
}

const log = () => {
  const fresh = { acknowledge: () => {}, settle: async () => true, forget: () => {} };
  return createSessionLog(db, createBus(), fresh);
};

async function pages(thread: string, query: EventQuery): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for (let page = query.page; ;) {
    const answer = await log().getEvents(thread, { ...query, ...(page ? { page } : {}) });
    events.push(...answer.events);
    expect(answer.events.length).toBeLessThanOrEqual(query.limit);
    if (!answer.next) return events;
    // As a client sends it back: through JSON.
    page = JSON.parse(JSON.stringify(answer.next));
  }
}

function time(event: SessionEvent): number {
  return Date.parse(event.processed_at ?? '');
}

/** The list by its definition: processed ones by the place where they were, then the queued by arrival. */
function expectedList(entries: LogEntry[]): SessionEvent[] {
  const stamps = new Map(entries.flatMap((entry) => (entry.kind === 'processed' ? [[entry.id, entry]] : [])));
  const rows = entries.flatMap((entry) => {
    if (entry.kind !== 'event') return [];
    const stamp = entry.queued ? stamps.get(entry.event.id) : entry;
    const event = listed(entry.event, stamp?.at ?? null);
    return [{ event, place: stamp?.seq ?? Infinity, seq: entry.seq }];
  });
  return rows.toSorted((a, b) => a.place - b.place || a.seq - b.seq).map(({ event }) => event);
}

test('a list is the log in its order, in pages of any size, in both directions', async () => {
  await fc.assert(
    fc.asyncProperty(anyEntries, fc.integer({ min: 1, max: 9 }), async (entries, limit) => {
      // Also in its middle, while inputs are still queued.
      const upTo = entries.slice(0, Math.ceil(entries.length / 2));
      for (const part of [entries, upTo]) {
        const { thread } = await projectAll(part);
        const expected = expectedList(part);
        expect(await pages(thread, { order: 'asc', limit })).toEqual(expected);
        expect(await pages(thread, { order: 'desc', limit })).toEqual(expected.toReversed());
      }
    }),
    RUNS,
  );
});

test('filters leave out, and change nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(anyEntries, fc.nat(), async (entries, which) => {
      const { thread } = await projectAll(entries);
      const all = expectedList(entries);
      const types: SessionEvent['type'][] = ['session.updated'];
      types.push(...all.map(({ type }) => type).filter((_, index) => (which >> index) % 2 === 1));
      const some = await pages(thread, { order: 'asc', limit: 3, types });
      expect(some).toEqual(all.filter(({ type }) => types.includes(type)));
      const at = entries[which % Math.max(1, entries.length)]?.at ?? 0;
      const after = await pages(thread, { order: 'asc', limit: 4, processed: { gt: at } });
      expect(after).toEqual(all.filter((event) => time(event) > at));
      const before = await pages(thread, { order: 'desc', limit: 4, processed: { lte: at, gte: at - 5_000 } });
      expect(before).toEqual(all.filter((event) => time(event) <= at && time(event) >= at - 5_000).toReversed());
    }),
    RUNS,
  );
});

test('P1: how history was cut into pages, and what was read twice, is not to be seen', async () => {
  await fc.assert(
    fc.asyncProperty(anyEntries, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), async (entries, sizes) => {
      const whole = await projectAll(entries);
      const cut = await projectAll(entries, sizes);
      expect(cut.published).toEqual(whole.published);
      // Read again from the start, as after a page token that the server does not know any more.
      expect(await project(db, cut.cursor, [{ type: 'start', start: START }, ...toDecoded(entries)])).toEqual([]);
      expect(await rowsOf(cut.thread)).toEqual(await rowsOf(whole.thread));
      expect(await loadState(db, cut.thread)).toEqual(await loadState(db, whole.thread));
    }),
    RUNS,
  );
});

test('the state is the fold of the events; each is published when it comes and when it is stamped', async () => {
  await fc.assert(
    fc.asyncProperty(anyEntries, async (entries) => {
      const { thread, published } = await projectAll(entries);
      const state = entries.reduce(
        (before, entry) => (entry.kind === 'event' ? fold(before, entry.event, entry.at) : before),
        newSessionState(START),
      );
      expect(await loadState(db, thread)).toEqual(state);
      expect(published.map(({ id }) => id)).toEqual(
        entries.flatMap((entry) => {
          if (entry.kind === 'assistant' || entry.kind === 'summary') return [];
          return [entry.kind === 'event' ? entry.event.id : entry.id];
        }),
      );
    }),
    RUNS,
  );
});

test('a gap is an error that leaves no trace', async () => {
  const entries = play({ budget: null, moments: [], outcomes: [] }).entries.map(toLogEntry);
  const { thread, cursor } = await projectAll(entries);
  const event = { id: 'sevt_x', type: 'session.updated' };
  const late: LogEntry = { kind: 'event', seq: cursor.seq + 2, at: 1, queued: false, event };
  await expect(project(db, cursor, toDecoded([late]))).rejects.toThrow(`has no entry ${cursor.seq + 1}`);
  expect(await rowsOf(thread)).toHaveLength(entries.length);
});

test('a forced end is a last event, with an id that follows from the run', async () => {
  const start: Decoded = { type: 'start', start: START };
  const end: Decoded = { type: 'end', forced: true, at: 5_000_000 };
  const [one, two] = [cursorOf('sesn_forced_1'), cursorOf('sesn_forced_2')];
  const first = await project(db, one, [start, end]);
  expect(first).toMatchObject([{ id: 'sevt_aaaabbbb', type: 'session.status_terminated' }]);
  expect(await project(db, two, [start, end])).toEqual(first);
  expect(await loadState(db, 'sesn_forced_1')).toMatchObject({ status: 'terminated', archived_at: 5_000_000 });
  // One that ended by itself has said so already.
  const three = cursorOf('sesn_forced_3');
  expect(await project(db, three, [start, { type: 'end', forced: false, at: 1 }])).toEqual([]);
});

test('P1: erasing a thread leaves nothing of it, and nothing of another is touched', async () => {
  const entries = play({ budget: null, moments: [], outcomes: [] }).entries.map(toLogEntry);
  const [mine, other] = [await projectAll(entries), await projectAll(entries)];
  await erase(db, mine.thread);
  expect(await rowsOf(mine.thread)).toEqual([]);
  expect(await loadState(db, mine.thread)).toBeUndefined();
  expect(await rowsOf(other.thread)).toHaveLength(entries.length);
  expect(await loadState(db, other.thread)).toBeDefined();
});

test('ten thousand entries in one page are taken', async () => {
  const entries = Array.from({ length: 10_000 }, (_, index): LogEntry => {
    const event = { id: `sevt_${index}`, type: 'session.updated', title: `title ${index}` };
    return { kind: 'event', seq: index + 1, at: 1, queued: false, event };
  });
  const { thread } = await projectAll(entries);
  expect(await rowsOf(thread)).toHaveLength(10_000);
});

function rowsOf(thread: string): Promise<object[]> {
  return db
    .selectFrom('projection.log')
    .select(['seq', 'kind', 'event_id', 'type', 'position', 'processed_at', 'body'])
    .where('thread', '=', thread)
    .orderBy('seq')
    .execute();
}
