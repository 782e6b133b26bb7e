import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drover, runServe, startDrover } from '../support/drover-process.js';
import { openSession, waitUntil } from './chaos-session.js';
import { checkList, checkNumbers, ofType, resultsOf, textOf } from './log-checks.js';
import { report } from './report.js';
import { patience } from '../support/patience.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

describe('SIGTERM', () => {
  it('P3: in a command ends drover within 5 s with 0; the command goes on and the next start collects it', async () => {
    const session = await openSession(
      drover,
      '/bash echo run >>runs; echo before; sleep 2; echo after; echo over >end',
    );
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    const { code, signal, ms } = await drover.stop();
    report('SIGTERM in a command: ended after', ms);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(ms).toBeLessThan(patience(5_000));
    // Nobody waits for it now.
    await waitUntil(() => session.file('end') !== '', 'the command ends by itself');
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    expect(session.file('runs')).toBe('run\n');
    expect(resultsOf(list).map(textOf)).toEqual(['before\nafter']);
  });

  it('in a model call, with an open stream and a message that waits, does the same', async () => {
    const session = await openSession(drover, '/wait 1500\n/say first');
    const stream = await drover.client.beta.sessions.events.stream(session.id);
    const streamed = (async () => {
      let count = 0;
      for await (const _ of stream) count += 1;
      return count;
    })();
    await sleep(300);
    await session.send('/say second');
    const { code, ms } = await drover.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(patience(5_000));
    await expect(streamed).resolves.toBeGreaterThan(0);
    await drover.start();
    const list = await session.untilIdle();
    checkList(list);
    expect(ofType(list, 'agent.message').map(textOf)).toEqual(['first', 'second']);
  });
});

describe('the same POST twice', () => {
  it('makes two events, and each tool runs once for each of its calls', async () => {
    const session = await openSession(drover);
    await Promise.all([session.send('/bash echo run >>runs'), session.send('/bash echo run >>runs')]);
    const list = await session.untilIdle();
    checkList(list);
    expect(ofType(list, 'user.message')).toHaveLength(2);
    const uses = ofType(list, 'agent.tool_use');
    expect(session.file('runs')).toBe('run\n'.repeat(uses.length));
  });
});

describe('P1: projection.db deleted', () => {
  it('is made again from history; every list is byte for byte the same', async () => {
    const sessions = await Promise.all([
      openSession(drover, '/think hm\n/say first\n/bash echo run >>runs; seq 30000'),
      openSession(drover, '/fail 500 1 10\n/say second'),
      openSession(drover, '/bash sleep 20'),
    ]);
    const [first, second, third] = sessions;
    await sleep(300);
    await third.interrupt();
    for (const session of sessions) await session.untilIdle();
    await first.send('/say again', '/say and again');
    await first.untilIdle(2);
    await drover.client.beta.sessions.update(second.id, { title: 'A title', metadata: { a: 'b' } });
    await drover.client.beta.sessions.archive(third.id);
    // Queued when the projection goes.
    await second.send('/bash echo run >>runs; sleep 4');
    await waitUntil(() => second.file('runs') !== '', 'the command runs');
    await second.send('/say queued');
    const before = await Promise.all(sessions.map((session) => session.rawList()));
    const states = await Promise.all(sessions.map(({ id }) => drover.client.beta.sessions.retrieve(id)));

    await drover.kill();
    for (const file of ['projection.db', 'projection.db-wal', 'projection.db-shm']) {
      rmSync(join(drover.dataDir, file), { force: true });
    }
    await drover.start();

    // A list is what has been read until then: on a slow machine that may not be all yet.
    for (const [index, session] of sessions.entries()) {
      const length = before[index]?.length ?? 0;
      await waitUntil(async () => (await session.rawList()).length >= length, 'its log is read again');
    }
    const after = await Promise.all(sessions.map((session) => session.rawList()));
    expect(after[0]).toBe(before[0]);
    expect(after[2]).toBe(before[2]);
    // This one goes on meanwhile: what was there stands as it was.
    expect(after[1]).toContain('queued');
    for (const [index, { id }] of sessions.entries()) {
      const { title, metadata, archived_at } = await drover.client.beta.sessions.retrieve(id);
      const was = states[index];
      expect({ title, metadata, archived_at }).toEqual({
        title: was?.title,
        metadata: was?.metadata,
        archived_at: was?.archived_at,
      });
      checkNumbers(drover.dataDir, id);
    }
    const list = await second.untilIdle(2);
    checkList(list);
    expect(second.file('runs')).toBe('run\n');
  });
});

describe('drover serve twice on one data directory', () => {
  it('the second one refuses, and names the first', async () => {
    const session = await openSession(drover, '/say before');
    const { code, stdout, stderr } = await runServe(drover.dataDir);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('is in use by another drover');
    expect(stderr).toContain(`pid ${drover.pid}, ${drover.url}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    checkList(await session.untilIdle());
  });
});
