import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEvent } from '../../src/session/session.js';
import { type Drover, sandboxesOf, startDrover } from '../support/drover-process.js';
import { endTemporal } from '../support/temporal-process.js';
import { type Backend, bubblewrap, describeBackend, docker } from '../support/sandbox.js';
import { type ChaosSession, openSession } from './chaos-session.js';
import { createGate, type Gate, play, RUNS } from './chaos-script.js';
import { checkList, checkNumbers, resultsOf, shapeOf, textOf } from './log-checks.js';
import { createDice, type Dice } from './dice.js';
import { killSandbox } from './sandbox-kills.js';

const SEED = Number(process.env['DROVER_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
/** How many sessions are played under random kills, and how often each is struck at most. */
const ROUNDS = Number(process.env['DROVER_CHAOS_ROUNDS'] ?? 1);
const STRIKES = Number(process.env['DROVER_CHAOS_STRIKES'] ?? 6);
const PATIENCE_MS = 300_000 + ROUNDS * STRIKES * 30_000;

process.stdout.write(`  DROVER_CHAOS_SEED=${SEED} DROVER_CHAOS_ROUNDS=${ROUNDS} DROVER_CHAOS_STRIKES=${STRIKES}\n`);

describeBackend('a session under chaos is as one without', bubblewrap(), suite);
describeBackend('a session under chaos is as one without', docker(), suite);

function suite({ name }: Backend): void {
  let drover: Drover;
  let undisturbed: string[];
  beforeAll(async () => {
    // Short histories: the session continues as new in the middle of its turns.
    drover = await startDrover({ sandbox: name, env: { DROVER_CONTINUE_AS_NEW_EVENTS: '40' } });
    const session = await openSession(drover);
    undisturbed = shapeOf(check(drover, session, await play(session, createGate())));
  }, PATIENCE_MS);
  afterAll(() => drover.remove());

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);

  // Which technology holds the sandbox makes no difference here, and this takes the longest.
  if (name === 'bubblewrap') {
    it(
      'P1, P3: drover killed -9 at every step boundary',
      async () => {
        const session = await openSession(drover);
        const gate = createGate();
        const playing = play(session, gate);
        const kills = await killAtEachStep(drover, session, gate, playing);
        process.stdout.write(`  struck at ${kills} steps\n`);
        expect(kills).toBeGreaterThan(8);
        expect(shapeOf(check(drover, session, await playing))).toEqual(undisturbed);
        expect(await busyIn(drover, name, session)).toEqual([0]);
      },
      PATIENCE_MS,
    );

    it.each(rounds)(
      'P1, P3: drover and Temporal killed -9 at random moments (round %d)',
      async (round) => {
        const session = await openSession(drover);
        const gate = createGate();
        const playing = play(session, gate);
        await strikeAtRandom(gate, playing, SEED + round, (dice) => strike(drover, dice));
        expect(shapeOf(check(drover, session, await playing))).toEqual(undisturbed);
        expect(await busyIn(drover, name, session)).toEqual([0]);
      },
      PATIENCE_MS,
    );
  }

  it.each(rounds)(
    'P3: the sandbox killed as well: results that tell of it are all that differs (round %d)',
    async (round) => {
      const session = await openSession(drover);
      const gate = createGate();
      const playing = play(session, gate);
      await strikeAtRandom(gate, playing, SEED + 1_000 + round, async (dice) => {
        if (dice.below(10) >= 6) return strike(drover, dice);
        await killSandbox(drover, name, session.id).catch(noneYet);
        return 'sandbox';
      });
      const list = await playing;
      checkList(list);
      checkNumbers(drover.dataDir, session.id);
      expectOnlyLosses(session, list);
      expect(await busyIn(drover, name, session)).toEqual([0]);
    },
    PATIENCE_MS,
  );
}

/** What holds of every run; gives its list back. */
function check(drover: Drover, session: ChaosSession, list: SessionEvent[]): SessionEvent[] {
  checkList(list);
  checkNumbers(drover.dataDir, session.id);
  expect(session.file('runs')).toBe(RUNS.map((run) => `${run}\n`).join(''));
  return list;
}

const LOSS =
  /The sandbox was replaced while this ran|Tool execution was interrupted|No such file|not found|does not exist/;

/** Each command has run at most once, in order; one whose result tells of no loss has run; nothing else went wrong. */
function expectOnlyLosses(session: ChaosSession, list: SessionEvent[]): void {
  const runs = session.file('runs').split('\n').filter(Boolean);
  expect(runs).toEqual(RUNS.filter((run) => runs.includes(run)));
  const results = resultsOf(list);
  const bad = results.filter((result) => result.is_error === true && !LOSS.test(textOf(result)));
  expect(bad).toEqual([]);
  const wanted: Record<string, string> = { first: 'one', second: 'two', end: 'four' };
  const told = results.map((result) => textOf(result).split('\n').at(-1) ?? '');
  const lost = told.flatMap((last) => wanted[last] ?? []).filter((run) => !runs.includes(run));
  expect(lost).toEqual([]);
  expect(results).toHaveLength(9);
}

/** How many commands still run in the session's sandbox. */
async function busyIn(drover: Drover, backend: Backend['name'], session: ChaosSession): Promise<number[]> {
  const sandboxes = sandboxesOf(drover.dataDir, backend);
  const busy: number[] = [];
  for await (const info of sandboxes.list()) if (info.key === session.id) busy.push(info.busy);
  await sandboxes.close();
  return busy;
}

/** Kills drover whenever the list has grown, until the session is over; how often that was. */
async function killAtEachStep(
  drover: Drover,
  session: ChaosSession,
  gate: Gate,
  playing: Promise<unknown>,
): Promise<number> {
  const over = settled(playing);
  let kills = 0;
  let seen = 0;
  while (await nextStep(drover, session, seen, over)) {
    await gate.strike(async () => {
      await drover.kill();
      await drover.start();
    });
    kills += 1;
    seen = (await session.events()).length;
  }
  return kills;
}

/** Waits until the list has more than `seen` events, as the stream tells; false when the session was over first. */
async function nextStep(drover: Drover, session: ChaosSession, seen: number, over: AbortSignal): Promise<boolean> {
  const stream = await drover.client.beta.sessions.events.stream(session.id);
  const streamed = (async () => {
    for await (const _ of stream) return;
  })().catch(() => {});
  try {
    while (!over.aborted) {
      if ((await session.events()).length > seen) return true;
      await Promise.race([streamed, sleep(50)]);
    }
    return false;
  } finally {
    stream.controller.abort();
  }
}

async function strikeAtRandom(
  gate: Gate,
  playing: Promise<unknown>,
  seed: number,
  act: (dice: Dice) => Promise<string>,
): Promise<void> {
  const over = settled(playing);
  const dice = createDice(seed);
  const struck: string[] = [];
  while (struck.length < STRIKES) {
    const ms = 20 + dice.below(1_500);
    await sleep(ms, undefined, { signal: over }).catch(() => {});
    if (over.aborted) break;
    struck.push(`${ms} ms: ${await gate.strike(() => act(dice))}`);
  }
  process.stdout.write(`  seed ${seed} struck ${struck.join(', ')}\n`);
}

/** Raised when the promise is settled, however. */
function settled(promise: Promise<unknown>): AbortSignal {
  const over = new AbortController();
  const raise = (): void => over.abort();
  promise.then(raise, raise);
  return over.signal;
}

/** Kills drover, Temporal or both; a drover that is dead is started again. */
async function strike(drover: Drover, dice: Dice): Promise<string> {
  const kind = dice.below(10);
  if (kind < 2) {
    await endTemporal(drover.dataDir);
    return 'Temporal';
  }
  if (kind < 4) await endTemporal(drover.dataDir);
  await drover.kill();
  const second = dice.below(4) === 0 ? dice.below(1_200) : undefined;
  if (second !== undefined) await drover.startAndKill(second);
  await drover.start();
  return `drover${kind < 4 ? ' and Temporal' : ''}${second === undefined ? '' : ` and again after ${second} ms`}`;
}

function noneYet(error: unknown): void {
  if (!/ENOENT|ESRCH|No such container|is not running/.test(String(error))) throw error;
}
