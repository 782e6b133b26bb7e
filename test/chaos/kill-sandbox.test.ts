import { type Drover, startDrover } from '../support/drover-process.js';
import { type Backend, bubblewrap, describeBackend, docker } from '../support/sandbox.js';
import { openSession, waitUntil } from './chaos-session.js';
import { checkList, resultsOf, textOf } from './log-checks.js';
import { killSandbox, removeContainer } from './sandbox-kills.js';

describeBackend('P3: a sandbox that is killed in a command', bubblewrap(), suite);
describeBackend('P3: a sandbox that is killed in a command', docker(), suite);

function suite({ name }: Backend): void {
  let drover: Drover;
  beforeAll(async () => {
    drover = await startDrover({ sandbox: name });
  });
  afterAll(() => drover.remove());

  const byHand: [when: string, act: (sessionId: string) => Promise<void>][] = [
    ['while drover runs', (id) => killSandbox(drover, name, id)],
    [
      'after drover was killed -9',
      async (id) => {
        await drover.kill();
        await killSandbox(drover, name, id);
        await drover.start();
      },
    ],
    [
      'before drover is killed -9',
      async (id) => {
        await killSandbox(drover, name, id);
        await drover.kill();
        await drover.start();
      },
    ],
  ];
  if (name === 'docker') byHand.push(['with its container removed', (id) => removeContainer(drover, id)]);

  it.each(byHand)('gives an error that says so, and the next call the same workspace (%s)', async (_, act) => {
    const script = 'echo run >>runs; echo before; sleep 60; echo run >>runs';
    const session = await openSession(drover, `/bash ${script}\n/bash cat runs; echo again >>runs`);
    await waitUntil(() => session.printed() === 'before\n', 'the command runs, and its output is kept');
    await act(session.id);
    const list = await session.untilIdle();
    checkList(list);
    const [lost, next] = resultsOf(list);
    expect(lost?.is_error).toBe(true);
    expect(textOf(lost)).toMatch(/^before\nThe sandbox was replaced while this ran/);
    expect(next?.is_error).toBe(false);
    expect(textOf(next)).toBe('run');
    expect(session.file('runs')).toBe('run\nagain\n');
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
}
