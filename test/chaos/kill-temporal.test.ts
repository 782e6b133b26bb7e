import { setTimeout as sleep } from 'node:timers/promises';
import { InternalServerError } from '@anthropic-ai/sdk';
import { type Drover, startDrover } from '../support/drover-process.js';
import { endTemporal, temporalPid } from '../support/temporal-process.js';
import { openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, resultsOf, textOf } from './log-checks.js';
import { report } from './report.js';
import { patience } from '../support/patience.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

describe('P1: the Temporal server killed -9', () => {
  it('in a model call: the turn goes on, with one reply', async () => {
    const session = await openSession(drover, '/wait 700\n/slow 10 20\n/bash echo run >>runs; echo printed');
    await sleep(300);
    await endTemporal(drover.dataDir);
    const killed = performance.now();
    const list = await session.untilIdle();
    report('Temporal killed in a model call: done after', performance.now() - killed);
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(ofType(list, 'agent.message')).toHaveLength(2);
    expect(session.file('runs')).toBe('run\n');
  });

  it('in a command: the command runs once and its output is whole', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; sleep 1; echo printed');
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await endTemporal(drover.dataDir);
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['printed']);
  });

  it('together with drover, in a command', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; sleep 1; echo printed');
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    await Promise.all([drover.kill(), endTemporal(drover.dataDir)]);
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['printed']);
  });

  it('keeps every message that was acknowledged', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; sleep 1; echo printed');
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    const taken: string[] = [];
    const sending = (async () => {
      for (let number = 0; number < 40; number += 1) {
        const text = `/say message ${number}`;
        await session
          .send(text)
          .then(() => taken.push(text))
          .catch(() => sleep(20));
      }
    })();
    await sleep(120);
    await endTemporal(drover.dataDir);
    await sending;
    const list = await session.untilIdle();
    checkList(list);
    checkNumbers(drover.dataDir, session.id);
    const listed = ofType(list, 'user.message').map(textOf);
    expect(listed.filter((text) => taken.includes(text))).toEqual(taken);
    expect(new Set(listed).size).toBe(listed.length);
    expect(taken.length).toBeGreaterThan(0);
  });
});

describe('Temporal does not answer for more than 10 s', () => {
  it('refuses to take events with 503 and retry-after; reads still work', async () => {
    const session = await openSession(drover, '/say before');
    const before = await session.untilIdle();
    const pid = temporalPid(drover.dataDir);
    if (pid === undefined) throw new Error('no Temporal server runs');
    process.kill(pid, 'SIGSTOP');
    try {
      const posted = performance.now();
      const answer = session.send('/say after').catch((error: unknown) => error);
      await sleep(200);
      const asked = performance.now();
      expect(await session.events()).toEqual(before);
      expect(await session.status()).toBe('idle');
      expect((await drover.client.beta.sessions.list()).data.length).toBeGreaterThan(0);
      expect(report('a list without Temporal: answered after', performance.now() - asked)).toBeLessThan(
        patience(2_000),
      );
      const refusal = await answer;
      expect(report('a message without Temporal: refused after', performance.now() - posted)).toBeLessThan(
        patience(15_000),
      );
      expect(refusal).toMatchObject({ status: 503, error: { error: { type: 'unavailable_error' } } });
      expect(refusal instanceof InternalServerError && Number(refusal.headers?.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await waitUntil(
      () =>
        session.send('/say at last').then(
          () => true,
          () => false,
        ),
      'messages are taken again',
      // One that is refused takes ten seconds.
      40_000,
    );
    const list = await session.untilIdle(2);
    checkList(list);
    expect(ofType(list, 'agent.message').map(textOf)).toContain('at last');
  });
});
