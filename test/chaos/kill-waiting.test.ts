import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEvent } from '../../src/session/session.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { endTemporal } from '../support/temporal-process.js';
import { allow, answer, asking, customTool } from '../wire/answers.js';
import { type ChaosSession, openSession, waitUntil } from './chaos-session.js';
import { createDice } from './dice.js';
import { checkList, checkNumbers, ofType, resultsOf, shapeOf, textOf } from './log-checks.js';
import { killSandbox } from './sandbox-kills.js';

const SEED = Number(process.env['DROVER_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
/** Moments of each round. */
const SESSIONS = 6;
/** A confirmed turn is over within this, on a quiet machine. */
const SPREAD_MS = 200;

let drover: Drover;
/** What a session's log is like, without ids and times, when nobody is killed. */
let undisturbed: string[];

beforeAll(async () => {
  drover = await startDrover();
  const session = await ask();
  await session.post(allow(await asked(session)));
  undisturbed = shapeOf(check(session, await session.untilIdle(2)));
});
afterAll(() => drover.remove());

const TASK = '/say May I?\n/bash echo run >>/workspace/runs; echo ran\n/say Done.';

/** A session that waits for leave to run its command. */
async function ask(): Promise<ChaosSession> {
  const session = await openSession(drover, TASK, { tools: [asking('bash')] });
  await session.untilIdle();
  return session;
}

/** The id of the only call that the session has asked about. */
async function asked(session: ChaosSession): Promise<string> {
  const last = (await session.events()).at(-1);
  const reason = last?.type === 'session.status_idle' ? last.stop_reason : undefined;
  expect(reason).toEqual({ type: 'requires_action', event_ids: [expect.stringMatching(/^sevt_/)] });
  return reason?.type === 'requires_action' ? (reason.event_ids[0] ?? '') : '';
}

/** What holds of every session that was allowed to run its command. */
function check(session: ChaosSession, list: SessionEvent[]): SessionEvent[] {
  checkList(list);
  checkNumbers(drover.dataDir, session.id);
  expect(session.file('runs')).toBe('run\n');
  expect(resultsOf(list).map(textOf)).toEqual(['ran']);
  return list;
}

describe('P1, P10: killed -9 while a session waits for a confirmation', () => {
  it.each([
    ['drover', async () => drover.kill()],
    ['drover and Temporal', async () => Promise.all([drover.kill(), endTemporal(drover.dataDir)])],
    [
      'drover, Temporal and the sandbox',
      async (session: ChaosSession) => {
        const file = join(dirname(session.workspace), 'host/process.json');
        await waitUntil(() => existsSync(file), 'the sandbox is there');
        // First: one that is still being made ends with drover, and there would be nothing to kill.
        await killSandbox(drover, 'bubblewrap', session.id);
        await Promise.all([drover.kill(), endTemporal(drover.dataDir)]);
      },
    ],
  ])('%s: it waits as before, and the answer carries on', async (_, kill) => {
    const session = await ask();
    const use = await asked(session);
    const before = await session.rawList();
    await kill(session);
    await drover.start();
    expect(await session.status()).toBe('idle');
    expect(await session.rawList()).toBe(before);
    expect(session.file('runs')).toBe('');
    await session.post(allow(use));
    expect(shapeOf(check(session, await session.untilIdle(2)))).toEqual(undisturbed);
  });

  it('and a result, of which one has been given: it waits for the other', async () => {
    const calls = [
      { name: 'weather', input: { city: 'Bern' } },
      { name: 'bash', input: { command: 'echo run >>/workspace/runs; echo ran' } },
    ];
    const tools = [asking('bash'), customTool('weather')];
    const session = await openSession(drover, `/parallel ${JSON.stringify(calls)}\n/say Done.`, { tools });
    const first = await session.untilIdle();
    const [weather] = ofType(first, 'agent.custom_tool_use');
    const [bash] = ofType(first, 'agent.tool_use');
    await session.post(answer(weather?.id ?? '', 'sunny'));
    await session.untilIdle(2);
    const before = await session.rawList();
    await drover.kill();
    await drover.start();
    expect(await session.rawList()).toBe(before);
    expect(await asked(session)).toBe(bash?.id);
    await session.post(allow(bash?.id ?? ''));
    check(session, await session.untilIdle(3));
  });
});

describe('P3: drover killed -9 between a confirmation and its run', () => {
  it.each([
    [0, 'drover', async () => drover.kill()],
    [1, 'drover and Temporal', async () => Promise.all([drover.kill(), endTemporal(drover.dataDir)])],
  ])('the command runs once, and the log is as without (round %d: %s)', async (round, _, kill) => {
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, ask));
    const uses = await Promise.all(sessions.map(asked));
    const acks = await confirmAndKill(sessions, uses, SEED + round, kill);
    expect(acks[0]).toBe(true);
    expect(acks.at(-1)).toBe(false);
    await drover.start();
    for (const [index, session] of sessions.entries()) {
      // Who got no answer sends the same once more: whether or not the first had arrived, it counts once.
      if (!acks[index]) await session.post(allow(uses[index] ?? ''));
    }
    for (const [index, session] of sessions.entries()) {
      const list = check(session, await session.until(isOver, 'it is over', PATIENCE_MS));
      const [, second, ...others] = ofType(list, 'user.tool_confirmation');
      expect(acks[index] ? [second, ...others] : [undefined, ...others]).toEqual([undefined]);
      expect(shapeOf(list.filter((event) => event !== second))).toEqual(undisturbed);
    }
  });
});

const PATIENCE_MS = 40_000;

/** The answer that was sent twice may be the last of the list. */
function isOver(list: SessionEvent[]): boolean {
  return ofType(list, 'session.status_idle').length > 1 && list.every((event) => event.processed_at);
}

/**
 * Allows the calls of all sessions but the last one after the other, and kills at some moment after the first
 * acknowledgement; that of the last is on its way then. Gives who had been acknowledged.
 */
async function confirmAndKill(
  sessions: ChaosSession[],
  uses: string[],
  seed: number,
  kill: () => Promise<unknown>,
): Promise<boolean[]> {
  const dice = createDice(seed);
  const acks: number[] = [];
  const post = async (index: number): Promise<void> => {
    await sessions[index]?.post(allow(uses[index] ?? '')).then(
      () => (acks[index] = performance.now()),
      () => {},
    );
  };
  const first = post(0);
  const others = sessions.slice(1, -1).map(() => dice.below(SPREAD_MS));
  const posts = others.map((ms, index) => sleep(ms).then(() => post(index + 1)));
  await first;
  await sleep(dice.below(SPREAD_MS));
  const last = post(sessions.length - 1);
  const killed = performance.now();
  await Promise.all([kill(), last, ...posts]);
  const told = sessions.map((_, index) =>
    acks[index] === undefined ? 'none' : `${Math.round(killed - acks[index])} ms`,
  );
  process.stdout.write(`  seed ${seed}: killed after the acknowledgements by ${told.join(', ')}\n`);
  return sessions.map((_, index) => acks[index] !== undefined);
}
