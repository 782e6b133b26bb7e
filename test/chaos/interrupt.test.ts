import { setTimeout as sleep } from 'node:timers/promises';
import { type Drover, startDrover } from '../support/drover-process.js';
import { type ChaosSession, openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, resultsOf, textOf } from './log-checks.js';
import { report } from './report.js';
import { patience } from '../support/patience.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

const INTERRUPTED = 'Tool execution was interrupted before completion. Please retry.';

async function interruptToIdle(session: ChaosSession): Promise<number> {
  const stream = await session.watch('session.status_idle');
  const asked = performance.now();
  await session.interrupt();
  await stream.seen;
  return performance.now() - asked;
}

describe('P8: an interrupt', () => {
  it('stops a model call and keeps the text that was shown', async () => {
    const session = await openSession(drover);
    const shown = await drover.client.beta.sessions.events.stream(session.id, { event_deltas: ['agent.message'] });
    await session.send('/slow 200 20');
    let text = '';
    for await (const event of shown) {
      if (event.type === 'event_delta' && event.delta.type === 'content_delta' && 'text' in event.delta.content)
        text += event.delta.content.text;
      if (text.includes('word5')) break;
    }
    const took = report('interrupt of a model call: idle after', await interruptToIdle(session));
    expect(took).toBeLessThan(patience(1_000));
    const list = await session.untilIdle();
    checkList(list);
    const kept = ofType(list, 'agent.message').map(textOf);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatch(/^word1 word2 word3 word4 word5/);
    expect(kept[0]?.startsWith(text)).toBe(true);
    expect(kept[0]).not.toMatch(/word100/);
    await session.send('/say next');
    expect(
      ofType(await session.untilIdle(2), 'agent.message')
        .map(textOf)
        .at(-1),
    ).toBe('next');
  });

  it('stops a command with all its processes and keeps what it printed', async () => {
    const session = await openSession(
      drover,
      '/bash echo run >>runs; echo before; (sleep 1.5; echo late >>runs) & sleep 60',
    );
    await waitUntil(() => session.printed() === 'before\n', 'the command runs, and its output is kept');
    const took = report('interrupt of a command: idle after', await interruptToIdle(session));
    expect(took).toBeLessThan(patience(1_000));
    const list = await session.untilIdle();
    checkList(list);
    const [result] = resultsOf(list);
    expect(result?.is_error).toBe(true);
    expect(textOf(result)).toBe(`before\n${INTERRUPTED}`);
    await sleep(2_000);
    expect(session.file('runs')).toBe('run\n');
  });

  it('right after a kill -9 stops the command that went on', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; echo before; sleep 60; echo late >>runs');
    await waitUntil(() => session.printed() === 'before\n', 'the command runs, and its output is kept');
    await drover.kill();
    await drover.start();
    const took = report('interrupt right after a restart, in a command: idle after', await interruptToIdle(session));
    expect(took).toBeLessThan(patience(6_000));
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(resultsOf(list).map(textOf)).toEqual([`before\n${INTERRUPTED}`]);
    await session.send('/bash pgrep sleep || echo none');
    expect(textOf(resultsOf(await session.untilIdle(2)).at(-1))).toBe('none');
  });

  it('right after a kill -9 stops the model call that was made again', async () => {
    const session = await openSession(drover, '/wait 60000\n/say never');
    await session.until((list) => ofType(list, 'span.model_request_start').length > 0, 'the model is asked');
    await drover.kill();
    await drover.start();
    const took = report('interrupt right after a restart, in a model call: idle after', await interruptToIdle(session));
    expect(took).toBeLessThan(patience(6_000));
    const list = await session.untilIdle();
    checkList(list);
    expect(ofType(list, 'agent.message')).toEqual([]);
  });

  // The second time drover is away for longer than the workflow waits for what an interrupted command has printed.
  it.each([0, 2_500])(
    'that was acknowledged just before a kill -9 is carried out (started again after %d ms)',
    async (ms) => {
      const session = await openSession(drover, '/bash echo run >>runs; echo before; sleep 60; echo late >>runs');
      await waitUntil(() => session.printed() === 'before\n', 'the command runs, and its output is kept');
      await session.interrupt();
      await drover.kill();
      await sleep(ms);
      await drover.start();
      const list = await session.untilIdle();
      checkList(list);
      expect(ofType(list, 'user.interrupt')).toHaveLength(1);
      expect(textOf(resultsOf(list)[0])).toBe(`before\n${INTERRUPTED}`);
      await session.send('/bash pgrep sleep || echo none');
      expect(textOf(resultsOf(await session.untilIdle(2)).at(-1))).toBe('none');
      expect(session.file('runs')).toBe('run\n');
    },
  );

  it('that finds drover away in a command stops that command, too', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; echo before; sleep 60; echo late >>runs');
    await waitUntil(() => session.printed() === 'before\n', 'the command runs, and its output is kept');
    await drover.kill();
    await drover.start();
    await session.interrupt();
    await drover.kill();
    await sleep(2_500);
    await drover.start();
    checkList(await session.untilIdle());
    await session.send('/bash pgrep sleep || echo none');
    expect(textOf(resultsOf(await session.untilIdle(2)).at(-1))).toBe('none');
  });
});
