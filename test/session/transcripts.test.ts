import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toMessages } from '../../src/harness/context/context.js';
import { project } from '../../src/session/projection.js';
import { createTranscripts } from '../../src/session/transcripts.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';

/** What is written here is projected at once. */
const PROJECTOR = { reach: async () => {} };

let dir: string;
let db: Database;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-transcripts-'));
  db = await openDatabase(dir);
});
afterEach(async () => {
  await db.destroy();
  rmSync(dir, { recursive: true, force: true });
});

async function say(thread: string, seq: number, text: string): Promise<void> {
  const cursor = { thread, run_id: 'r', token: null, last_event_id: seq, decoder: '{}', seq: seq - 1 };
  const event = { id: `sevt_${seq}`, type: 'user.message', content: [{ type: 'text', text }] };
  await project(db, cursor, [{ type: 'entry', entry: { kind: 'event', seq, at: 1_000, queued: false, event } }]);
}

/** Which of these are kept: they are told as they were, whatever has become of the rows. The last is asked for first. */
async function keptOf(load: (thread: string) => Promise<unknown[]>, threads: string[]): Promise<string[]> {
  await db.deleteFrom('projection.log').execute();
  const kept: string[] = [];
  for (const thread of threads.toReversed())
    if (JSON.stringify(await load(thread)).includes('xxx')) kept.unshift(thread);
  return kept;
}

test.each([
  ['as many as there is room for', 2_500, ['b', 'c']],
  ['the last one however large it is', 10, ['c']],
  ['all of them, where there is room', 10_000, ['a', 'b', 'c']],
])('conversations are kept in memory: %s', async (_what, largest, expected) => {
  const transcripts = createTranscripts(db, PROJECTOR, largest);
  const load = async (thread: string, seq = 2) => toMessages(await transcripts.load(thread, seq));
  for (const thread of ['a', 'b', 'c']) {
    await say(thread, 1, 'x'.repeat(400));
    await load(thread, 1);
    // What a conversation is extended by counts, too.
    await say(thread, 2, 'y'.repeat(400));
    expect(JSON.stringify(await load(thread))).toMatch(/xxx.*yyy/);
  }
  expect(await keptOf(load, ['a', 'b', 'c'])).toEqual(expected);
});
