import { startUpstream, type Upstream, type UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import type { SessionEvent } from '../../src/session/session.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { endTemporal } from '../support/temporal-process.js';
import { call } from '../wire/answers.js';
import { budgetOf, type ChaosSession, openSession, waitUntil } from './chaos-session.js';
import { createDice } from './dice.js';
import { checkList, checkNumbers, ofType, resultsOf, shapeOf, textOf } from './log-checks.js';

const SEED = Number(process.env['DROVER_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const SESSIONS = 6;
/** The first request of all takes this long; each session's ends about a step after the one before. */
const SHORTEST_MS = 500;
const STEP_MS = 25;
/** The kill comes as soon as so many have ended. */
const ENDED = 4;

let upstream: Upstream;
let drover: Drover;
/** How long the first requests of the next sessions take. */
let paces: number[] = [];
let undisturbed: string[];

beforeAll(async () => {
  upstream = await startUpstream({ answer });
  drover = await startDrover({ upstreamUrl: upstream.url });
  const session = await begin();
  await session.untilIdle();
  undisturbed = shapeOf(await raise(session));
});
afterAll(async () => {
  await drover.remove();
  await upstream.close();
});

/** Each request costs a quarter of a dollar: five dollars for a million tokens of output. The first one calls a tool. */
function answer(request: UpstreamRequest): UpstreamReply {
  const usage = { input_tokens: 0, output_tokens: 50_000 };
  if (request.body.messages.length > 1) return { usage };
  return { usage, blocks: [call('bash', { command: 'echo run >>runs; echo ran' })], firstTokenMs: paces.shift() ?? 0 };
}

/** A session whose first request crosses its cap. */
function begin(): Promise<ChaosSession> {
  return openSession(drover, 'Go.', { model: 'claude-haiku-4-5', budget: '20' });
}

describe('drover killed -9 as the request ends that crosses the cap', () => {
  it.each([
    [0, 'drover', async () => drover.kill()],
    [1, 'drover and Temporal', async () => Promise.all([drover.kill(), endTemporal(drover.dataDir)])],
  ])(
    'the session has reached its budget once, and goes on when that is raised (round %d: %s)',
    async (round, _, kill) => {
      const dice = createDice(SEED + round);
      upstream.requests.length = 0;
      paces = Array.from({ length: SESSIONS }, (_, index) => SHORTEST_MS + index * STEP_MS + dice.below(STEP_MS));
      const sessions = await Promise.all(Array.from({ length: SESSIONS }, begin));
      await waitUntil(() => ends().length >= ENDED, 'the requests end');
      const killed = Date.now();
      await kill();
      const told = ends().map((at) => `${Math.round(killed - at)} ms`);
      process.stdout.write(`  seed ${SEED + round}: killed ${told.join(', ')} after the end of a request\n`);
      await drover.start();
      for (const session of sessions) {
        await session.untilIdle();
        expect(shapeOf(await raise(session))).toEqual(undisturbed);
      }
    },
  );
});

/** When the requests that were answered whole had been. */
function ends(): number[] {
  return upstream.requests.flatMap(({ endedAt, aborted }) => (endedAt === undefined || aborted ? [] : [endedAt]));
}

/** Looks that the cap was reached, raises it, and gives the whole list of the session that went on. */
async function raise(session: ChaosSession): Promise<SessionEvent[]> {
  const { sessions } = drover.client.beta;
  const stopped = await session.events();
  checkList(stopped);
  expect(idles(stopped)).toEqual(['budget_reached']);
  // A request whose reply was lost is made again; what the session has cost is that of the reply it has.
  expect(ofType(stopped, 'session.usage')).toMatchObject([{ usage: { list_cost: { amount: '25' } } }]);
  expect((await sessions.retrieve(session.id)).usage?.list_cost).toMatchObject({ amount: '25' });
  await sessions.update(session.id, { budget: budgetOf('100') });
  const list = await session.untilIdle(2);
  checkList(list);
  checkNumbers(drover.dataDir, session.id);
  expect(idles(list)).toEqual(['budget_reached', 'end_turn']);
  expect(ofType(list, 'session.usage').at(-1)).toMatchObject({ usage: { list_cost: { amount: '50' } } });
  expect(session.file('runs')).toBe('run\n');
  expect(resultsOf(list).map(textOf)).toEqual(['ran']);
  return list;
}

function idles(list: SessionEvent[]): string[] {
  return list.flatMap((event) => (event.type === 'session.status_idle' ? [event.stop_reason.type] : []));
}
