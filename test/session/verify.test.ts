import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Decoded, LogEntry } from '../../src/session/history.js';
import { checkEntries } from '../../src/session/invariants.js';
import { erase, project } from '../../src/session/projection.js';
import { readProjected } from '../../src/session/projected.js';
import type { ThreadRow } from '../../src/session/tables.js';
import type { ThreadLog } from '../../src/session/thread-log.js';
import { listOf, type Projected, verify } from '../../src/session/verify.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { renumbered, START, threadLog } from './journals.js';

const THREAD = START.session_id;
let directory: string;
let db: Database;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'drover-verify-'));
  db = await openDatabase(directory);
});
afterAll(async () => {
  await db.destroy();
  rmSync(directory, { recursive: true, force: true });
});

/** What the projector makes of a log that comes in pages of this size. */
async function projectedOf({ start, entries }: ThreadLog, pageSize = 7): Promise<Projected> {
  await erase(db, THREAD);
  const cursor: ThreadRow = { thread: THREAD, run_id: 'run', token: null, last_event_id: 0, decoder: '{}', seq: 0 };
  const decoded: Decoded[] = [{ type: 'start', start }, ...entries.map((entry): Decoded => ({ type: 'entry', entry }))];
  for (let from = 0; from < decoded.length; from += pageSize) {
    await project(db, cursor, decoded.slice(from, from + pageSize));
  }
  return readProjected(db, THREAD);
}

const RUNS = { numRuns: 60 };

test('P1: a log and what the projector made of it agree, whatever the pages', async () => {
  await fc.assert(
    fc.asyncProperty(threadLog, fc.integer({ min: 1, max: 20 }), async (log, pageSize) => {
      expect(verify(log, await projectedOf(log, pageSize))).toEqual([]);
    }),
    RUNS,
  );
});

test('a projection that is behind is compared as far as it goes', async () => {
  await fc.assert(
    fc.asyncProperty(threadLog, fc.nat(), async (log, cut) => {
      const part = { ...log, entries: log.entries.slice(0, cut % log.entries.length) };
      expect(verify(log, await projectedOf(part))).toEqual([]);
    }),
    RUNS,
  );
});

test('one thing wrong in the projection is found', async () => {
  const breaks: ((sound: Projected, at: number) => Projected)[] = [
    (sound, at) => ({ ...sound, rows: sound.rows.toSpliced(at % sound.rows.length, 1) }),
    (sound, at) => ({ ...sound, rows: changed(sound.rows, at, (row) => ({ ...row, body: `${row.body} ` })) }),
    (sound, at) => ({ ...sound, list: sound.list.toSpliced(at % sound.list.length, 1) }),
    (sound, at) => ({ ...sound, list: changed(sound.list, at, (event) => ({ ...event, id: 'sevt_other' })) }),
    (sound, at) => ({ ...sound, list: [...sound.list.slice(1 + (at % (sound.list.length - 1))), ...sound.list] }),
    (sound) => ({ ...sound, state: undefined }),
    (sound) => ({ ...sound, state: sound.state && { ...sound.state, active_ms: sound.state.active_ms + 1 } }),
    (sound) => ({ ...sound, seq: sound.seq + 1 }),
  ];
  await fc.assert(
    fc.asyncProperty(threadLog, fc.constantFrom(...breaks), fc.nat(), async (log, spoil, at) => {
      expect(verify(log, spoil(await projectedOf(log), at))).not.toEqual([]);
    }),
    { numRuns: 150 },
  );
});

/** Ways to break a log, the invariant that each breaks, and where it can be done. */
const FAULTS: Record<
  string,
  { spoil: (entries: LogEntry[], at: number) => LogEntry[]; where: (entry: LogEntry) => boolean; says: RegExp }
> = {
  'an entry is lost': {
    spoil: (entries, at) => entries.toSpliced(at, 1),
    where: (entry) => entry.seq > 1 && entry.kind === 'assistant',
    says: /^entry \d+ is followed by entry \d+$/,
  },
  'an entry comes twice': {
    spoil: (entries, at) => entries.toSpliced(at, 0, one(entries, at)),
    where: () => true,
    says: /^entry (\d+) is followed by entry \1$/,
  },
  'time goes back': {
    spoil: (entries, at) => entries.with(at, { ...one(entries, at), at: 0 }),
    where: ({ seq }) => seq > 1,
    says: /is older than the one before it$/,
  },
  'an id is used again': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 0, one(entries, at))),
    where: (entry) => entry.kind === 'event',
    says: /uses the id sevt_\d+ again$/,
  },
  'a call has no result': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 1)),
    // One that is followed by the end of its turn, or by the next request.
    where: (entry) => entry.kind === 'event' && entry.event.type === 'agent.tool_result',
    says: /has no result at entry \d+/,
  },
  'a call has two results': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 0, withId(one(entries, at), 'sevt_second'))),
    where: (entry) => entry.kind === 'event' && entry.event.type === 'agent.tool_result',
    says: /is a second result of sevt_\d+$/,
  },
  'a result answers no call': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 1)),
    where: (entry) => entry.kind === 'event' && entry.event.type === 'agent.tool_use',
    says: /which was not called$/,
  },
  'a summary stands for what comes after it': {
    spoil: (entries, at) =>
      entries.with(
        at,
        through(one(entries, at), () => at + 1),
      ),
    where: ({ kind }) => kind === 'summary',
    says: /^the summary in entry \d+ stands for entry \d+, which comes later$/,
  },
  'a summary stands for nothing': {
    spoil: (entries, at) =>
      entries.with(
        at,
        through(one(entries, at), () => 0),
      ),
    where: ({ kind }) => kind === 'summary',
    says: /^the summary in entry \d+ stands for no more than the one before it$/,
  },
  'a summary parts calls from their results': {
    spoil: (entries, at) => {
      const { seq } = one(entries, at);
      const reply = entries.findLast((entry) => entry.seq < seq && hasCalls(entry));
      return entries.with(
        at,
        through(one(entries, at), () => reply?.seq ?? 0),
      );
    },
    where: ({ kind }) => kind === 'summary',
    // Without a call before it, it stands for nothing.
    says: /parts the calls of entry \d+ from their results$|stands for no more/,
  },
  'an evaluation begins inside another': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 0, withId(one(entries, at), 'sevt_second'))),
    where: (entry) => fieldsOf(entry).type === 'span.outcome_evaluation_start',
    says: /begins an evaluation inside sevt_second$/,
  },
  'an evaluation ends twice': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 0, withId(one(entries, at), 'sevt_second'))),
    where: (entry) => ![undefined, ''].includes(fieldsOf(entry).outcome_evaluation_start_id),
    says: /ends no evaluation under way$/,
  },
  'an evaluation’s end names another': {
    spoil: (entries, at) => entries.with(at, naming(one(entries, at), 'sevt_other')),
    where: (entry) => fieldsOf(entry).type === 'span.outcome_evaluation_end',
    says: /ends no evaluation under way$/,
  },
  'an input is processed twice': {
    spoil: (entries, at) => renumbered(entries.toSpliced(at, 0, one(entries, at))),
    where: (entry) => entry.kind === 'processed',
    says: /processes sevt_\d+, which is not queued$/,
  },
};

test.each(Object.entries(FAULTS))('a log in which %s', (_name, { spoil, where, says }) => {
  let tried = 0;
  fc.assert(
    fc.property(threadLog, fc.nat(), ({ entries }, choice) => {
      const places = isClosed(entries) ? entries.filter(where) : [];
      fc.pre(places.length > 0);
      tried += 1;
      const at = entries.indexOf(one(places, choice % places.length));
      expect(checkEntries(entries)).toEqual([]);
      expect(checkEntries(spoil(entries, at))).toContainEqual(expect.stringMatching(says));
    }),
    { numRuns: 40 },
  );
  expect(tried).toBe(40);
});

test('a turn that is under way may have calls without results', () => {
  fc.assert(
    fc.property(threadLog, ({ entries }) => {
      expect(checkEntries(entries)).toEqual([]);
    }),
    RUNS,
  );
});

test('queued inputs are listed last and stamped where they are taken up', () => {
  fc.assert(
    fc.property(threadLog, ({ entries }) => {
      const list = listOf(entries);
      const firstQueued = list.findIndex(({ processed_at }) => processed_at === null);
      const times = list.map(({ processed_at }) => processed_at);
      expect(times.slice(0, firstQueued === -1 ? undefined : firstQueued)).not.toContain(null);
      expect(times.slice(firstQueued === -1 ? list.length : firstQueued).every((time) => time === null)).toBe(true);
    }),
    RUNS,
  );
});

function hasCalls(entry: LogEntry): boolean {
  return entry.kind === 'assistant' && Object.keys(entry.reply.tool_use_ids).length > 0;
}

function through(entry: LogEntry, change: (before: number) => number): LogEntry {
  if (entry.kind !== 'summary') return entry;
  return { ...entry, summary: { ...entry.summary, through: change(entry.summary.through) } };
}

function isClosed(entries: LogEntry[]): boolean {
  const last = entries.at(-1);
  return last?.kind === 'event' && last.event.type === 'session.status_idle';
}

function one<Item>(items: Item[], at: number): Item {
  const item = items[at];
  if (item === undefined) throw new Error(`there is no item ${at}`);
  return item;
}

function changed<Item>(items: Item[], at: number, change: (item: Item) => Item): Item[] {
  const place = at % items.length;
  return items.with(place, change(one(items, place)));
}

/** Of an event; of any other entry nothing. */
function fieldsOf(entry: LogEntry): { type?: string; outcome_evaluation_start_id?: string } {
  return entry.kind === 'event' ? entry.event : {};
}

function naming(entry: LogEntry, outcome_evaluation_start_id: string): LogEntry {
  return entry.kind === 'event' ? { ...entry, event: { ...entry.event, outcome_evaluation_start_id } } : entry;
}

function withId(entry: LogEntry, id: string): LogEntry {
  return entry.kind === 'event' ? { ...entry, event: { ...entry.event, id } } : entry;
}
