import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream } from '../../bench/upstream.js';
import { type Drover, startDrover } from '../support/drover-process.js';
import { openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, resultsOf, textOf } from './log-checks.js';
import { report } from './report.js';
import { patience } from '../support/patience.js';
import { untilThere } from '../support/sandbox-files.js';

describe('drover killed -9 in a model call', () => {
  let upstream: Upstream;
  let drover: Drover;
  beforeAll(async () => {
    upstream = await startUpstream();
    drover = await startDrover({ upstreamUrl: upstream.url });
  });
  afterAll(async () => {
    await drover.remove();
    await upstream.close();
  });

  const long = { type: 'text', text: 'one two three four five '.repeat(20) } as const;

  it.each([
    ['before the first token', { firstTokenMs: 30_000, blocks: [long] }],
    ['in the middle of the text', { tokenMs: 200, blocks: [long] }],
  ])('makes the call again, and says one thing (%s)', async (when, slow) => {
    upstream.requests.length = 0;
    upstream.queue = [slow, {}];
    const session = await openSession(drover, 'Hello');
    await waitUntil(() => upstream.requests[0] !== undefined, 'the model is asked');
    await sleep(500);
    await drover.kill();
    const killed = performance.now();
    await drover.start();
    const list = await session.untilIdle();
    const took = report(`model call, killed ${when}: done after`, performance.now() - killed);
    expect(took).toBeLessThan(patience(6_000));
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(ofType(list, 'agent.message').map(textOf)).toEqual(['hello']);
    expect(upstream.requests.map(({ body }) => body)).toEqual([upstream.requests[0]?.body, upstream.requests[0]?.body]);
  });
});

describe('P3: drover killed -9 in a running command', () => {
  let drover: Drover;
  beforeAll(async () => {
    drover = await startDrover();
  });
  afterAll(() => drover.remove());

  it('runs a sleeping command once and shows its whole output', async () => {
    const session = await openSession(
      drover,
      '/bash echo run >>runs; echo before; sleep 2.5; echo after; echo over >end',
    );
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await drover.kill();
    await drover.start();
    await waitUntil(() => session.file('end') !== '', 'the command ends');
    const ended = performance.now();
    const list = await session.untilIdle();
    expect(report('command, killed while it slept: done after its own end', performance.now() - ended)).toBeLessThan(
      patience(6_000),
    );
    checkList(list);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['before\nafter']);
  });

  it('runs a printing command once and shows its whole output', async () => {
    const script = 'echo run >>runs; for i in $(seq 500); do echo line $i; sleep 0.004; done; echo end';
    const session = await openSession(drover, `/bash ${script}`);
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await sleep(600);
    await drover.kill();
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    expect(session.file('runs')).toBe('run\n');
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index + 1}`);
    expect(resultsOf(list).map(textOf)).toEqual([[...lines, 'end'].join('\n')]);
  });

  it.each([0, 8])('runs a command that just ends once (killed %d ms after it)', async (ms) => {
    const session = await openSession(drover, '/bash echo run >>runs; sleep 0.2; echo printed; echo over >end');
    await waitUntil(() => session.file('end') !== '', 'the command ends');
    await sleep(ms);
    await drover.kill();
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['printed']);
  });

  it.each([0, 8])('runs a command that just begins once (killed %d ms after its call was shown)', async (ms) => {
    const session = await openSession(drover);
    const call = await session.watch('agent.tool_use');
    await session.send('/bash echo run >>runs; echo printed');
    await call.seen;
    await sleep(ms);
    await drover.kill();
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['printed']);
  });

  it('loses nothing of the other calls of the reply', async () => {
    const session = await openSession(drover, '/bash echo text >file; echo ready');
    await session.untilIdle();
    const calls = [
      { name: 'read', input: { file_path: '/workspace/file' } },
      { name: 'grep', input: { pattern: 'text', path: '/workspace' } },
      { name: 'bash', input: { command: 'echo one >>runs; echo first; sleep 1.5; echo ended; export STATE=kept' } },
      { name: 'bash', input: { command: 'echo two >>runs; echo $STATE' } },
      { name: 'read', input: { file_path: '/workspace/runs' } },
    ];
    await session.send(`/parallel ${JSON.stringify(calls)}`);
    await waitUntil(() => session.file('runs') !== '', 'the first command runs');
    await drover.kill();
    await drover.start();
    const list = await session.untilIdle(2);
    checkList(list);
    expect(session.file('runs')).toBe('one\ntwo\n');
    const results = new Map(resultsOf(list).map((result) => [result.tool_use_id, textOf(result)]));
    const [, read, grep, first, second, last] = ofType(list, 'agent.tool_use').map(({ id }) => results.get(id));
    expect(read).toMatch(/text/);
    expect(grep).toMatch(/file/);
    expect([first, second]).toEqual(['first\nended', 'kept']);
    expect(last).toMatch(/one[^]*two/);
  });

  it('survives two kills in a row, the second during the start', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; sleep 2; echo printed');
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await drover.kill();
    await drover.start();
    await drover.kill();
    for (const ms of [150, 400, 650]) await drover.startAndKill(ms);
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['printed']);
  });

  it('keeps messages that wait, and takes them up in their order', async () => {
    const session = await openSession(drover, `/bash echo run >>runs; ${untilThere('go')}; echo printed`);
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await session.send('/say second', '/say third');
    await session.send('/say fourth');
    const before = await session.events();
    expect(before.slice(-3).map(textOf)).toEqual(['/say second', '/say third', '/say fourth']);
    await drover.kill();
    await drover.start();
    expect((await session.events()).map(({ id }) => id).slice(0, before.length)).toEqual(before.map(({ id }) => id));
    session.put('go');
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(ofType(list, 'user.message').map(textOf).slice(1)).toEqual(['/say second', '/say third', '/say fourth']);
    // One turn takes up all that waited.
    expect(ofType(list, 'agent.message').map(textOf).at(-1)).toBe('fourth');
    expect(session.file('runs')).toBe('run\n');
  });

  it('takes a message right after the restart, from an idle and from a busy session', async () => {
    const idle = await openSession(drover, '/say first');
    const busy = await openSession(drover, '/bash echo run >>runs; sleep 2; echo printed');
    await idle.untilIdle();
    await waitUntil(() => busy.file('runs') !== '', 'the command runs');
    await drover.kill();
    const killed = performance.now();
    await drover.start();
    const started = performance.now();
    await Promise.all([idle.send('/say second'), busy.send('/say second')]);
    report('first messages after a restart: taken, after the start,', performance.now() - started);
    expect(report('and after the kill', performance.now() - killed)).toBeLessThan(patience(6_000));
    for (const list of [await idle.untilIdle(2), await busy.untilIdle(1)]) {
      checkList(list);
      expect(ofType(list, 'agent.message').map(textOf).at(-1)).toBe('second');
    }
    expect(busy.file('runs')).toBe('run\n');
  });
});
