import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrover, type Drover } from '../support/drover-process.js';
import { untilThere } from '../support/sandbox-files.js';
import { openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, resultsOf, textOf } from './log-checks.js';

const SIZE_MB = 64;
const directory = mkdtempSync(join(tmpdir(), 'drover-full-'));
const missing = mount();
const whenMounted = missing === undefined ? describe : describe.skip;

afterAll(() => {
  if (missing === undefined) execFileSync('umount', ['--lazy', directory]);
  rmSync(directory, { recursive: true, force: true });
});

whenMounted(`the disk of the data directory is full${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let drover: Drover;
  beforeAll(async () => {
    drover = createDrover({ dataDir: directory });
    await drover.start();
  });
  afterAll(() => drover.remove());

  it('refuses what is new with a clear error, and takes it again when there is space', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; echo printed');
    const before = await session.untilIdle();
    fill();
    const { client } = drover;
    const refused = await Promise.all([
      session.send('/say refused').catch((error: unknown) => error),
      client.beta.agents.create({ name: 'a', model: 'm', system: 'y'.repeat(90_000) }).catch((error: unknown) => error),
    ]);
    for (const error of refused) {
      expect(error).toMatchObject({ status: 503, error: { error: { type: 'unavailable_error' } } });
      expect(String(error)).toContain('The disk of the data directory is full');
    }
    expect(await session.events()).toEqual(before);
    expect(await session.status()).toBe('idle');
    empty();
    await session.send('/bash echo run >>runs; echo at last');
    const list = await session.untilIdle(2);
    checkList(list);
    expect(session.file('runs')).toBe('run\nrun\n');
  });

  it('P1: a turn that runs out of space goes on when there is some again; nothing acknowledged is lost', async () => {
    const steps = Array.from({ length: 12 }, (_, step) => `/bash echo ${step} >>runs; sleep 0.3; seq ${step} 2000`);
    steps[2] = `/bash echo 2 >>runs; ${untilThere('go')}; seq 2 2000`;
    const session = await openSession(drover, steps.join('\n'));
    await waitUntil(() => session.file('runs').includes('2\n'), 'the turn is under way');
    await session.send('/say acknowledged');
    session.put('go');
    fill();
    const filling = setInterval(fill, 100);
    await sleep(6_000);
    expect(ofType(await session.events(), 'session.status_idle')).toEqual([]);
    clearInterval(filling);
    empty();
    const list = await session.untilIdle(1, 60_000);
    checkList(list);
    checkNumbers(directory, session.id);
    // A command may find no space for its own line; it still has one result.
    expect(resultsOf(list)).toHaveLength(steps.length);
    expect(session.file('runs')).toMatch(/^0\n1\n2\n/);
    expect(ofType(list, 'agent.message').map(textOf).at(-1)).toBe('acknowledged');
  });

  it('P1: drover killed -9 while the disk is full comes back with all of it', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; sleep 3; echo printed');
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await session.send('/say acknowledged');
    fill();
    await drover.kill();
    await sleep(500);
    empty();
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(directory, session.id);
    expect(session.file('runs')).toBe('run\n');
    expect(ofType(list, 'agent.message').map(textOf).at(-1)).toBe('acknowledged');
  });
});

const filler = join(directory, 'filler');

function fill(): void {
  for (const size of [1_048_576, 4_096, 512]) {
    const piece = Buffer.alloc(size);
    try {
      for (;;) appendFileSync(filler, piece);
    } catch (error) {
      if (!String(error).includes('ENOSPC')) throw error;
    }
  }
}

function empty(): void {
  rmSync(filler, { force: true });
}

/** A small disk of its own for the test; or why there can be none. */
function mount(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'drover-test', directory], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `a small disk cannot be mounted here: ${String(error).split('\n').at(-1) ?? ''}`;
  }
}
