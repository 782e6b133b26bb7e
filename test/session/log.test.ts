import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBus } from '../../src/session/bus.js';
import type { Decoded } from '../../src/session/history.js';
import { createFreshness, createSessionLog, type Freshness, selectPage } from '../../src/session/log.js';
import { project } from '../../src/session/projection.js';
import type { EventPage, SessionLog } from '../../src/session/session.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase } from '../support/database.js';

let dir: string;
let place: string;
let db: Database;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-log-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
});
afterAll(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

/** The log as a reader finds it that may, or may not, be sure to have seen all. */
function logThat(settle: Freshness['settle']): SessionLog {
  return createSessionLog(db, createBus(), { acknowledge: () => {}, settle, forget: () => {} });
}

async function append(thread: string, seq: number, entry: Decoded): Promise<void> {
  const cursor = { thread, run_id: 'r', token: null, last_event_id: seq, decoder: '{}', seq: seq - 1 };
  await project(db, cursor, [entry]);
}

const said = (seq: number, id: string, queued: boolean): Decoded => ({
  type: 'entry',
  entry: { kind: 'event', seq, at: 1_000, queued, event: { id, type: 'user.message', content: [] } },
});

test('one event by its id: as it is listed, in its own thread only', async () => {
  await append('one', 1, said(1, 'sevt_a', false));
  await append('one', 2, said(2, 'sevt_b', true));
  const log = logThat(async () => true);
  const { events } = await log.getEvents('one', { order: 'asc', limit: 10 });
  expect(events).toMatchObject([{ processed_at: '1970-01-01T00:00:01.000Z' }, { processed_at: null }]);
  expect(await log.getEvent('one', 'sevt_a')).toEqual(events[0]);
  expect(await log.getEvent('one', 'sevt_b')).toEqual(events[1]);
  expect(await log.getEvent('one', 'sevt_c')).toBeUndefined();
  expect(await log.getEvent('two', 'sevt_a')).toBeUndefined();
  await append('one', 3, { type: 'entry', entry: { kind: 'processed', seq: 3, at: 2_000, id: 'sevt_b' } });
  expect(await log.getEvent('one', 'sevt_b')).toMatchObject({ processed_at: '1970-01-01T00:00:02.000Z' });
});

describe('a page', () => {
  const BYTES = 1_000_000;
  const long = (seq: number): Decoded => {
    const content = [{ type: 'text', text: '\u{1F600}'.repeat(BYTES / 4) }];
    const event = { id: `sevt_${seq}`, type: 'user.message', content };
    return { type: 'entry', entry: { kind: 'event', seq, at: 1_000, queued: seq > 3, event } };
  };
  beforeAll(async () => {
    for (const seq of [1, 2, 3, 4, 5]) await append('long', seq, long(seq));
  });

  test.each([
    ['asc', 2.5 * BYTES, [[1, 2], [3, 4], [5]]],
    ['desc', 2.5 * BYTES, [[5, 4], [3, 2], [1]]],
    ['asc', 1, [[1], [2], [3], [4], [5]]],
    ['desc', 4.5 * BYTES, [[5, 4, 3, 2], [1]]],
    ['asc', 6 * BYTES, [[1, 2, 3, 4, 5]]],
  ] as const)('holds no more than fits, one event at least: %s, %d bytes', async (order, largest, expected) => {
    const pages: string[][] = [];
    let page: EventPage | undefined;
    do {
      const from = page?.next ? { page: page.next } : {};
      page = await selectPage(db, 'long', { order, limit: 1_000, ...from }, largest);
      pages.push(page.events.map(({ id }) => id));
    } while (page.next);
    expect(pages).toEqual(expected.map((seqs) => seqs.map((seq) => `sevt_${seq}`)));
  });
});

test('that there is none is said only by who has read everything', async () => {
  await append('behind', 1, said(1, 'sevt_a', false));
  const behind = logThat(async () => false);
  expect(await behind.getEvent('behind', 'sevt_a')).toMatchObject({ id: 'sevt_a' });
  await expect(behind.getEvent('behind', 'sevt_b')).rejects.toMatchObject({ type: 'unavailable_error', retryAfter: 1 });
  // The longer wait is what it takes to read on.
  const reading = logThat(async (thread, patience = 0) => {
    if (patience > 0) await append(thread, 2, said(2, 'sevt_b', false));
    return patience > 0;
  });
  expect(await reading.getEvent('behind', 'sevt_b')).toMatchObject({ id: 'sevt_b' });
});

test('a list is empty only when that has been read; what has been read is listed, also while the rest cannot be', async () => {
  const query = { order: 'asc', limit: 10 } as const;
  await append('begun', 1, said(1, 'sevt_a', false));
  const behind = logThat(async () => false);
  expect((await behind.getEvents('begun', query)).events).toHaveLength(1);
  expect((await behind.getEvents('begun', { ...query, types: ['agent.message'] })).events).toEqual([]);
  await expect(behind.getEvents('lost', query)).rejects.toMatchObject({ type: 'unavailable_error', retryAfter: 1 });
  const reading = logThat(async (thread, patience = 0) => {
    if (patience > 0) await append(thread, 1, said(1, 'sevt_a', false));
    return patience > 0;
  });
  expect((await reading.getEvents('lost', query)).events).toHaveLength(1);
});

test('who reads sees what was acknowledged; of more threads than can be known the oldest is read anew', async () => {
  const reads: string[] = [];
  const freshness = createFreshness(
    {
      reach: async (thread, seq) => void reads.push(`${thread} ${seq}`),
      catchUp: async (thread) => void reads.push(thread),
    },
    2,
  );
  for (const thread of ['a', 'b', 'c', 'c', 'b', 'a']) await freshness.settle(thread);
  expect(reads.splice(0)).toEqual(['a', 'b', 'c', 'a']);
  freshness.acknowledge('a', 5);
  freshness.acknowledge('c', 6);
  freshness.acknowledge('a', 4);
  await freshness.settle('c');
  await freshness.settle('a');
  await freshness.settle('a');
  expect(reads).toEqual(['c 6', 'a 5']);
});
