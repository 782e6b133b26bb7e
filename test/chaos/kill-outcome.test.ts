import { startUpstream, type Upstream, type UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import type { SessionEvent } from '../../src/session/session.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { call } from '../wire/answers.js';
import { define, isGrading, REVISE, SATISFIED, says } from '../wire/outcome-script.js';
import { type ChaosSession, openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, shapeOf } from './log-checks.js';
import { report } from './report.js';

const OUTPUTS = '/mnt/session/outputs';
const POEM = `${OUTPUTS}/poem.txt`;
/** Longer than the server is away. */
const SLOW_MS = 60_000;

let upstream: Upstream;
let drover: Drover;
let undisturbed: string[];
/** By their model, the request of theirs that is not answered the first time, from 0. */
const slow = new Map<string, number>();
/** The models whose slow request has come. */
const standing = new Set<string>();

beforeAll(async () => {
  upstream = await startUpstream({ answer });
  drover = await startDrover({ upstreamUrl: upstream.url });
  const session = await openSession(drover, undefined, { model: 'undisturbed' });
  await session.post(define());
  undisturbed = await shapeAtRest(session);
});
afterAll(async () => {
  await drover.remove();
  await upstream.close();
});

/** The requests of a session, in order: what each is answered depends on nothing but what it tells. */
const STEPS: { is: (request: UpstreamRequest) => boolean; reply: UpstreamReply }[] = [
  {
    is: (request) => !isGrading(request) && request.body.messages.length === 1,
    reply: { blocks: [call('bash', { command: `echo run >>runs; mkdir -p ${OUTPUTS}; echo Sun >${POEM}` })] },
  },
  { is: (request) => !isGrading(request) && request.body.messages.length === 3, reply: says('The sun shines.') },
  {
    is: (request) => isGrading(request) && request.body.messages.length === 1 && request.text.includes('shines'),
    reply: { blocks: [call('read', { file_path: POEM })] },
  },
  {
    is: (request) => isGrading(request) && JSON.stringify(request.body.messages.at(-1)).includes('Sun'),
    reply: REVISE,
  },
  { is: (request) => !isGrading(request) && request.text.includes('There is no rain.'), reply: says('It rains.') },
  { is: isGrading, reply: SATISFIED },
];

function answer(request: UpstreamRequest): UpstreamReply {
  const { model } = request.body;
  const step = STEPS.findIndex(({ is }) => is(request));
  // Of its own, so that what is counted twice or never shows.
  const usage = { input_tokens: 10 ** step, output_tokens: 1 };
  const reply = { ...(STEPS[step]?.reply ?? says('This was not expected.')), usage };
  if (slow.get(model) !== step) return reply;
  slow.delete(model);
  standing.add(model);
  return { ...reply, firstTokenMs: SLOW_MS };
}

/** As many as there were: one may come while the server is away. */
function withoutBeats(list: SessionEvent[]): SessionEvent[] {
  return list.filter(({ type }) => type !== 'span.outcome_evaluation_ongoing');
}

/** What it has come to: one start and one end of each evaluation, and the command ran once. */
async function shapeAtRest(session: ChaosSession): Promise<string[]> {
  const list = await session.untilIdle(1, 30_000);
  checkList(list);
  checkNumbers(drover.dataDir, session.id);
  expect(ofType(list, 'span.outcome_evaluation_start')).toMatchObject([{ iteration: 0 }, { iteration: 1 }]);
  expect(ofType(list, 'span.outcome_evaluation_end')).toMatchObject([
    { iteration: 0, result: 'needs_revision' },
    { iteration: 1, result: 'satisfied' },
  ]);
  expect(session.file('runs')).toBe('run\n');
  const { outcome_evaluations } = await drover.client.beta.sessions.retrieve(session.id);
  expect(outcome_evaluations).toMatchObject([{ result: 'satisfied', iteration: 1, explanation: 'It rains.' }]);
  return shapeOf(withoutBeats(list));
}

describe('drover killed -9 while an outcome is open', () => {
  it('in each of the requests that it takes, the agent’s and the grader’s: the log is as without', async () => {
    const models = STEPS.map((_, step) => `slow-${step}`);
    for (const [step, model] of models.entries()) slow.set(model, step);
    const sessions = await Promise.all(models.map((model) => openSession(drover, undefined, { model })));
    for (const session of sessions) await session.post(define());
    await waitUntil(() => standing.size === models.length, 'each of them stands in its request');
    await drover.kill();
    const killed = performance.now();
    await drover.start();
    for (const session of sessions) expect(await shapeAtRest(session)).toEqual(undisturbed);
    report('outcomes, killed in a request: all done after', performance.now() - killed);
  });

  it.each(['span.outcome_evaluation_start', 'span.outcome_evaluation_end'] as const)(
    'as a reader is told the first %s: the log is as without',
    async (type) => {
      const models = [0, 1, 2].map((index) => `${type}-${index}`);
      const sessions = await Promise.all(models.map((model) => openSession(drover, undefined, { model })));
      const watches = await Promise.all(sessions.map((session) => session.watch(type)));
      for (const session of sessions) await session.post(define());
      await Promise.race(watches.map(({ seen }) => seen));
      await drover.kill();
      const killed = performance.now();
      await Promise.allSettled(watches.map(({ seen }) => seen));
      await drover.start();
      for (const session of sessions) expect(await shapeAtRest(session)).toEqual(undisturbed);
      report(`outcomes, killed at ${type}: all done after`, performance.now() - killed);
    },
  );
});
