import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream, type UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { patience } from '../support/patience.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { openSession, waitUntil, type ChaosSession } from './chaos-session.js';
import { checkList, checkNumbers, ofType, textOf } from './log-checks.js';
import { report } from './report.js';

let upstream: Upstream;
let drover: Drover;
beforeAll(async () => {
  upstream = await startUpstream({ answer: (request) => (isSummary(request) ? SUMMARY : {}) });
  drover = await startDrover({ upstreamUrl: upstream.url });
});
afterAll(async () => {
  await drover.remove();
  await upstream.close();
});

/** More than four fifths of the window that models have unless something else is known. */
const CROWDED: UpstreamReply = { usage: { input_tokens: 190_000 } };
const SUMMARY: UpstreamReply = { blocks: [{ type: 'text', text: 'the secret is xyzzy' }] };

function isSummary({ body }: UpstreamRequest): boolean {
  return JSON.stringify(body.messages.at(-1)).includes('about to be replaced by a summary');
}

const summaryRequests = (): UpstreamRequest[] => upstream.requests.filter(isSummary);

/** A session whose next turn begins with a compaction. */
async function openCrowded(): Promise<ChaosSession> {
  upstream.requests.length = 0;
  upstream.queue = [{}, CROWDED];
  const session = await openSession(drover, 'the secret is xyzzy');
  await session.untilIdle();
  await session.send('Go on.');
  await session.untilIdle(2);
  return session;
}

/** The log holds one summary, and what was asked of the model since then knows it. */
async function checkSession(session: ChaosSession): Promise<void> {
  const list = await session.untilIdle(3, 30_000);
  checkList(list);
  checkNumbers(drover.dataDir, session.id);
  expect(ofType(list, 'agent.thread_context_compacted')).toHaveLength(1);
  expect(summariesOf(session.id)).toBe(1);
  expect(ofType(list, 'agent.message').map(textOf)).toEqual(['hello', 'hello', 'hello']);
  expect(ofType(list, 'user.message').map(textOf)).toEqual(['the secret is xyzzy', 'Go on.', 'And now?']);
  const last = JSON.stringify(upstream.requests.at(-1)?.body.messages);
  expect(last).toMatch(/the secret is xyzzy.*And now\?/);
  expect(isSummary(upstream.requests.at(-1) as UpstreamRequest)).toBe(false);
}

function summariesOf(sessionId: string): number {
  const db = new DatabaseSync(join(drover.dataDir, 'projection.db'), { readOnly: true, timeout: 5_000 });
  try {
    return db.prepare("select seq from log where thread = ? and kind = 'summary'").all(sessionId).length;
  } finally {
    db.close();
  }
}

describe('drover killed -9 in a compaction', () => {
  it.each([
    ['before the summary’s first token', { ...SUMMARY, firstTokenMs: 30_000 }],
    [
      'in the middle of the summary',
      { blocks: [{ type: 'text' as const, text: 'so much '.repeat(300) }], tokenMs: 200 },
    ],
  ])('asks for the summary again, and has one in the log (%s)', async (when, slow) => {
    const session = await openCrowded();
    upstream.queue = [slow];
    await session.send('And now?');
    await waitUntil(() => summaryRequests().length === 1, 'the summary is asked for');
    await sleep(500);
    await drover.kill();
    const killed = performance.now();
    await drover.start();
    await checkSession(session);
    const took = report(`compaction, killed ${when}: done after`, performance.now() - killed);
    expect(took).toBeLessThan(patience(6_000));
    // On a slow machine an attempt may be taken for dead, too.
    const [first, ...again] = summaryRequests().map(({ body }) => body);
    expect(again).toEqual(again.map(() => first));
    expect(again).not.toEqual([]);
  });

  it.each([0, 8, 40])('goes on from the summary that it has (killed %d ms after it was shown)', async (ms) => {
    const session = await openCrowded();
    const { seen } = await session.watch('agent.thread_context_compacted');
    await session.send('And now?');
    await seen;
    await sleep(ms);
    await drover.kill();
    const killed = performance.now();
    await drover.start();
    await checkSession(session);
    report(`killed ${ms} ms after it: done after`, performance.now() - killed);
    expect(summaryRequests()).toHaveLength(1);
  });
});
