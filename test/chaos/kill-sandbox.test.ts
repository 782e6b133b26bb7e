import { type Drover, startDrover } from '../support/drover-process.js';
import { type Backend, bubblewrap, describeBackend, docker } from '../support/sandbox.js';
import { openSession, waitUntil } from './chaos-session.js';
import { checkList, resultsOf, textOf } from './log-checks.js';
import { killSandbox, removeContainer } from './sandbox-kills.js';

const LOST = /The sandbox .*(replaced|gone|lost)/i;

describeBackend('P3: a sandbox that is killed in a command', bubblewrap(), suite);
describeBackend('P3: a sandbox that is killed in a command', docker(), suite);

function suite({ name }: Backend): void {
  let drover: Drover;
  beforeAll(async () => {
    drover = await startDrover({ sandbox: name });
  });
  afterAll(() => drover.remove());

  const start = async () => {
    const session = await openSession(
      drover,
      '/bash echo run >>runs; echo before; sleep 60; echo run >>runs\n/bash cat runs; echo again >>runs',
    );
    await waitUntil(() => session.file('runs') !== '', 'the command runs');
    return session;
  };

  const check = async (session: Awaited<ReturnType<typeof start>>): Promise<void> => {
    const list = await session.untilIdle();
    checkList(list);
    const [lost, next] = resultsOf(list);
    expect(lost?.is_error).toBe(true);
    expect(textOf(lost)).toMatch(LOST);
    expect(textOf(lost)).toMatch(/before/);
    expect(next?.is_error).not.toBe(true);
    expect(textOf(next)).toBe('run');
    expect(session.file('runs')).toBe('run\nagain\n');
  };

  it('gives an error that says so, and the next call a new sandbox over the same workspace', async () => {
    const session = await start();
    await killSandbox(drover, name, session.id);
    await check(session);
  });

  it('does so when drover is killed -9 first', async () => {
    const session = await start();
    await drover.kill();
    await killSandbox(drover, name, session.id);
    await drover.start();
    await check(session);
  });

  it('does so when drover is killed -9 after it', async () => {
    const session = await start();
    await killSandbox(drover, name, session.id);
    await drover.kill();
    await drover.start();
    await check(session);
  });

  it('gives the next call a new sandbox when it was killed between two turns', async () => {
    const session = await openSession(drover, '/bash echo run >>runs; export KEPT=yes');
    await session.untilIdle();
    await killSandbox(drover, name, session.id);
    await session.send('/bash cat runs; echo kept=$KEPT');
    const list = await session.untilIdle(2);
    checkList(list);
    expect(textOf(resultsOf(list).at(-1))).toBe('run\nkept=yes');
  });

  if (name === 'docker') {
    it('does so when the container is removed by hand', async () => {
      const session = await start();
      await removeContainer(drover, session.id);
      await check(session);
    });
  }
}
