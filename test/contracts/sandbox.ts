import { Readable } from 'node:stream';
import { pack as packTar } from 'tar-stream';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { runSource } from '../temporal/child.js';
import { deadline, patience } from '../support/patience.js';
import {
  describeBackend,
  follow,
  run,
  setUp,
  smallSpec,
  untilPrinted,
  type Backend,
  type Bench,
} from '../support/sandbox.js';
import { untilThere } from '../support/sandbox-files.js';
import { describeSandboxLife } from './sandbox-life.js';
import { describeSandboxLimits } from './sandbox-limits.js';
import { describeSandboxMounts } from './sandbox-mounts.js';
import { describeSandboxShells } from './sandbox-shells.js';

/** What every backend of the hands must do. */
export function describeSandboxes(backend: Backend): void {
  describeBackend('sandboxes', backend, () => {
    describeCommands(backend);
    describeSandboxShells(backend);
    describeSandboxLimits(backend);
    describeSandboxLife(backend);
    describeSandboxMounts(backend);
  });
}

function describeCommands(backend: Backend): void {
  describe('commands', () => {
    let bench: Bench;
    let sandbox: Sandbox;

    beforeAll(async () => {
      bench = setUp(backend);
      sandbox = await bench.sandboxes.acquire('commands', smallSpec);
    });
    afterAll(() => bench.clear());

    test('a command gets arguments, stdin and the environment of the spec, and stdout and stderr are one log', async () => {
      const ended = await run(sandbox, 'echo "$1|$2"; cat; echo "$GREETING" >&2; exit 7', {
        args: ['a b', "it's\n$HOME"],
        stdin: Buffer.from('from stdin\n'),
      });
      expect(ended).toMatchObject({ state: 'exited', code: 7, output: "a b|it's\n$HOME\nfrom stdin\nhello\n" });
    });

    test('P3: an id that was started is not started again, however often it is asked for', async () => {
      const script = 'echo ran >>/workspace/count; cat /workspace/count';
      await Promise.all([1, 2, 3].map(() => sandbox.start('once', { script, timeoutMs: 5_000 })));
      expect(await follow(sandbox, 'once')).toMatchObject({ output: 'ran\n' });
      await sandbox.start('once', { script, timeoutMs: 5_000 });
      expect(await follow(sandbox, 'once')).toMatchObject({ code: 0, output: 'ran\n' });
      await sandbox.forget('once');
      await sandbox.start('once', { script, timeoutMs: 5_000 });
      expect(await follow(sandbox, 'once')).toMatchObject({ state: 'exited', code: 0, output: '' });
      expect((await run(sandbox, 'wc -l </workspace/count')).output).toBe('1\n');
    });

    test('an id that was never started is unknown', async () => {
      expect(await sandbox.poll('never', { offset: 0, waitMs: 1_000 })).toMatchObject({ state: 'unknown' });
    });

    test('two readers see the same bytes, from any offset', async () => {
      await sandbox.start('read-twice', { script: 'printf 0123456789', timeoutMs: 5_000 });
      expect((await follow(sandbox, 'read-twice')).output).toBe('0123456789');
      const part = await sandbox.poll('read-twice', { offset: 4, waitMs: 0, maxBytes: 3 });
      expect({ text: Buffer.from(part.chunk).toString(), size: part.size }).toEqual({ text: '456', size: 10 });
      expect((await follow(sandbox, 'read-twice')).output).toBe('0123456789');
    });

    test('output can be followed while the command runs, and a poll that waits ends with its signal', async () => {
      await sandbox.start('slow', { script: 'echo first; sleep 30', timeoutMs: 60_000 });
      const first = await sandbox.poll('slow', { offset: 0, waitMs: 5_000 });
      expect({ state: first.state, text: Buffer.from(first.chunk).toString() }).toEqual({
        state: 'running',
        text: 'first\n',
      });
      const startedAt = performance.now();
      const second = await sandbox.poll('slow', { offset: 6, waitMs: 10_000, signal: AbortSignal.timeout(100) });
      expect(second).toMatchObject({ state: 'running' });
      expect(performance.now() - startedAt).toBeLessThan(patience(3_000));
      await sandbox.kill('slow', 'interrupt');
      expect(await follow(sandbox, 'slow')).toMatchObject({ state: 'exited', code: 143, reason: 'interrupt' });
    });

    test('P3: a command goes on when the process that started it is killed, and another collects all of it', async () => {
      const script = `for i in $(seq 10); do echo line $i; ((i == 5)) && { ${untilThere('orphan-go')}; }; done; exit 5`;
      const load = JSON.stringify(require.resolve(`../../src/sandbox/${backend.name}.ts`));
      const { dataDir } = bench;
      const options = JSON.stringify({
        dataDir,
        dataId: `test${process.pid}`,
        image: process.env['DROVER_TEST_IMAGE'] ?? 'drover-sandbox:test',
      });
      const child = runSource(`
        const made = Object.values(load(${load})).find((value) => typeof value === 'function')(${options});
        made.acquire('commands', ${JSON.stringify(smallSpec)}).then(async (sandbox) => {
          await sandbox.start('orphan', { script: ${JSON.stringify(script)}, timeoutMs: 20000 });
          console.log('started ' + sandbox.generation);
          setInterval(() => {}, 1000);
        });`);
      expect(await child.line()).toBe('started 1');
      await child.kill();
      expect(await sandbox.poll('orphan', { offset: 0, waitMs: 0 })).toMatchObject({ state: 'running' });
      const other = await backend.create(dataDir).acquire('commands', smallSpec);
      await other.start('orphan', { script, timeoutMs: 20_000 });
      await run(other, 'touch orphan-go');
      const output = Array.from({ length: 10 }, (_, i) => `line ${i + 1}\n`).join('');
      expect(await follow(other, 'orphan')).toMatchObject({ code: 5, output });
    });

    test('commands without a shell run side by side', async () => {
      // Each waits for all the others.
      const script = 'touch "on-$1"; until [ "$(ls on-* | wc -l)" = 4 ]; do sleep 0.05; done';
      const ended = await Promise.all(['a', 'b', 'c', 'd'].map((name) => run(sandbox, script, { args: [name] })));
      expect(ended).toMatchObject(ended.map(() => ({ state: 'exited', code: 0 })));
    });

    test('a background process neither holds up the end nor loses its output', async () => {
      const script = `(${untilThere('late-go')}; echo late) & echo early`;
      await sandbox.start('background', { script, timeoutMs: 10_000 });
      expect(await follow(sandbox, 'background')).toMatchObject({ code: 0, output: 'early\n' });
      await run(sandbox, 'touch late-go');
      await untilPrinted(sandbox, 'background', 'late\n');
      expect((await follow(sandbox, 'background')).output).toBe('early\nlate\n');
    });

    test('kill leaves nothing of a tree: double forks, own sessions, empty environments', async () => {
      const script = '(setsid env -i sleep 71 &); nohup sleep 72 & (trap "" TERM; sleep 73; sleep 73) & wait';
      await sandbox.start('tree', { script, timeoutMs: 60_000 });
      const sleepers = async () => (await run(sandbox, 'pgrep -c sleep')).output;
      for (const isOver = deadline(10_000); (await sleepers()) !== '3\n';) expect(isOver()).toBe(false);
      await sandbox.kill('tree', 'interrupt');
      expect(await sleepers()).toBe('0\n');
      await sandbox.kill('tree', 'interrupt');
      expect(await follow(sandbox, 'tree')).toMatchObject({ state: 'exited', reason: 'interrupt' });
    });

    test('files go in and out as tar, owned by the sandbox, and no larger than allowed', async () => {
      const tar = packTar();
      tar.entry({ name: 'dir/hello.txt' }, 'content');
      tar.finalize();
      await sandbox.putTar('/workspace/in', Readable.from(tar));
      expect((await run(sandbox, 'cat in/dir/hello.txt; stat -c %U in/dir/hello.txt')).output).toBe('contentsandbox\n');
      const chunks: Buffer[] = [];
      for await (const chunk of await sandbox.getTar('/workspace/in', 100_000)) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString('latin1')).toContain('in/dir/hello.txt');
      await expect(sandbox.getTar('/workspace/in', 1_000)).rejects.toThrow('larger than 1000 bytes');
      await expect(sandbox.getTar('/workspace/none', 1_000)).rejects.toThrow('No such file');
    });

    test('names that could mean another path are refused', async () => {
      await expect(sandbox.start('../x', { script: 'true', timeoutMs: 1_000 })).rejects.toThrow('not a usable name');
      await expect(bench.sandboxes.acquire('..', smallSpec)).rejects.toThrow('not a usable name');
    });
  });
}
