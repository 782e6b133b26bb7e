import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { patience } from '../support/patience.js';
import { follow, run, setUp, smallSpec, type Backend, type Bench } from '../support/sandbox.js';

/** Every bound of the spec, and that a sandbox works on after one was hit. */
export function describeSandboxLimits(backend: Backend): void {
  describe('limits', () => {
    let bench: Bench;
    let sandbox: Sandbox;

    beforeAll(async () => {
      bench = setUp(backend);
      sandbox = await bench.sandboxes.acquire('limits', smallSpec);
    });
    afterAll(() => bench.clear());
    afterEach(async () => expect((await run(sandbox, 'echo alive')).output).toMatch(/alive\n$/));

    test('time: TERM at the timeout, KILL for who will not hear it', async () => {
      expect(await run(sandbox, 'sleep 30', { timeoutMs: 1_000 })).toMatchObject({ code: 143, reason: 'timeout' });
      const startedAt = performance.now();
      const deaf = await run(sandbox, 'trap "" TERM; while :; do :; done', { timeoutMs: 300 });
      expect(deaf).toMatchObject({ code: 137, reason: 'timeout' });
      expect(performance.now() - startedAt).toBeLessThan(patience(4_000));
    });

    test('memory', async () => {
      const greedy = await run(sandbox, `exec python3 -c 'x = bytearray(${2 * smallSpec.memoryMb} * 2**20)'`);
      expect(greedy).toMatchObject({ code: 137, reason: 'memory' });
    });

    test('processes: a fork bomb is held, and ended by its timeout', async () => {
      await sandbox.start('bomb', { script: 'bomb() { bomb | bomb & }; bomb; sleep 60', timeoutMs: 1_000 });
      expect(await follow(sandbox, 'bomb')).toMatchObject({ state: 'exited', reason: 'timeout' });
      await sandbox.kill('bomb', 'timeout');
      const left = await run(sandbox, 'ls -d /proc/[0-9]* | wc -l');
      expect(Number(/\d+\n$/.exec(left.output)?.[0])).toBeLessThan(12);
    });

    test('processes: what others left behind makes way for a new command', async () => {
      await run(sandbox, 'for i in $(seq 100); do sleep 90 & done 2>/dev/null; exit 0', { timeoutMs: 3_000 });
      const next = await run(sandbox, 'echo runs');
      expect(next).toMatchObject({ code: 0 });
      expect(next.output).toContain('runs\n');
    });

    test('disk: the writer is stopped; then files can be deleted, and then written again', async () => {
      const filler = 'for i in $(seq 400); do head -c 1M /dev/urandom >f$i || exit; sleep 0.01; done';
      expect(await run(sandbox, filler)).toMatchObject({ state: 'exited', reason: 'disk' });
      const refused = await run(sandbox, 'head -c 1M /dev/urandom >more');
      expect(refused).toMatchObject({ state: 'exited', code: 153 });
      expect(refused.output).toContain('The disk limit is reached');
      expect(await run(sandbox, 'rm -f f* more')).toMatchObject({ code: 0 });
      expect(await run(sandbox, 'echo again >file; cat file')).toMatchObject({ code: 0, output: 'again\n' });
    });

    test('disk: one file cannot grow past the limit, whether or not somebody watches', async () => {
      expect(await run(sandbox, 'truncate -s 1G big')).toMatchObject({ code: 153 });
    });

    test('a log keeps its head and its end, says so, and the command is not held up', async () => {
      const ended = await run(sandbox, 'echo begin; head -c 100M /dev/zero | tr "\\0" x; echo; echo the end');
      expect(ended).toMatchObject({ code: 0 });
      expect(ended.size).toBeLessThan(70 * 2 ** 20);
      expect(ended.output.startsWith('begin\n')).toBe(true);
      expect(ended.output).toContain('[Output beyond the first 64 MiB is not kept, except for its last 64 KiB.]');
      expect(ended.output.endsWith('the end\n')).toBe(true);
    });

    test('a command that kills everything it can ends itself only', async () => {
      expect(await run(sandbox, 'for s in {1..31}; do kill -$s 1; done; kill -9 -1; echo not reached')).toMatchObject({
        code: 137,
        output: '',
      });
      expect(sandbox.generation).toBe(1);
    });
  });
}
