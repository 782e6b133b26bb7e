import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reap } from '../../src/sandbox/reaper.js';
import { SandboxLost, type SandboxInfo } from '../../src/sandbox/sandbox.js';
import { follow, run, setUp, smallSpec, untilPrinted, type Backend, type Bench } from '../support/sandbox.js';

const spec = smallSpec;
const isWanted = async (key: string) => key !== 'unwanted';

/** How sandboxes come, go and come back. */
export function describeSandboxLife(backend: Backend): void {
  describe('life', () => {
    let bench: Bench;
    beforeAll(() => {
      bench = setUp(backend);
    });
    afterAll(() => bench.clear());

    const listed = async (): Promise<Record<string, SandboxInfo>> => {
      const found: Record<string, SandboxInfo> = {};
      for await (const info of bench.sandboxes.list()) found[info.key] = info;
      return found;
    };

    test('acquire gives the same sandbox to all who ask', async () => {
      const all = await Promise.all([1, 2, 3].map(() => bench.sandboxes.acquire('same', spec)));
      expect(all.map(({ generation }) => generation)).toEqual([1, 1, 1]);
      await run(all[0]!, 'echo shared >/tmp/mine');
      const later = await backend.create(bench.dataDir).acquire('same', spec);
      expect(await run(later, 'cat /tmp/mine')).toMatchObject({ output: 'shared\n' });
    });

    test('P3: in a lost sandbox a command is lost, not run again, and the next sandbox has its files', async () => {
      const first = await bench.sandboxes.acquire('lost', spec);
      const script = 'echo ran >>count; echo started; sleep 60';
      await first.start('long', { script, timeoutMs: 90_000 });
      await untilPrinted(first, 'long', 'started\n');
      const outcome = first.poll('long', { offset: 8, waitMs: 20_000 }).catch((error: unknown) => error);
      await bench.sandboxes.destroy('lost');
      expect(await outcome).toBeInstanceOf(SandboxLost);
      await expect(first.start('more', { script: 'true', timeoutMs: 1_000 })).rejects.toBeInstanceOf(SandboxLost);

      const second = await bench.sandboxes.acquire('lost', spec);
      expect(second.generation).toBe(2);
      await second.start('long', { script, timeoutMs: 90_000 });
      const seen = await second.poll('long', { offset: 0, waitMs: 5_000 });
      expect({ state: seen.state, text: Buffer.from(seen.chunk).toString() }).toEqual({
        state: 'lost',
        text: 'started\n',
      });
      expect(await run(second, 'cat count')).toMatchObject({ output: 'ran\n' });
      await expect(first.start('stale', { script: 'true', timeoutMs: 1_000 })).rejects.toBeInstanceOf(SandboxLost);
    });

    test('P3: what ended in an earlier sandbox is still known, with its output', async () => {
      const first = await bench.sandboxes.acquire('known', spec);
      await first.start('done', { script: 'echo result; exit 4', timeoutMs: 5_000 });
      await follow(first, 'done');
      await bench.sandboxes.destroy('known');
      const second = await bench.sandboxes.acquire('known', spec);
      await second.start('done', { script: 'echo result; exit 4', timeoutMs: 5_000 });
      expect(await follow(second, 'done')).toMatchObject({ state: 'exited', code: 4, output: 'result\n' });
    });

    test('workspace, home and session files outlive the sandbox, and go when asked to', async () => {
      const first = await bench.sandboxes.acquire('files', spec);
      await run(first, 'echo w >/workspace/f; echo h >~/f; echo s >/mnt/session/f; echo t >/tmp/f');
      await bench.sandboxes.destroy('files');
      await bench.sandboxes.destroy('files');
      const second = await bench.sandboxes.acquire('files', spec);
      expect((await run(second, 'cat /workspace/f ~/f /mnt/session/f; ls /tmp')).output).toBe('w\nh\ns\n');
      await bench.sandboxes.destroy('files', { workspace: true });
      await bench.sandboxes.destroy('files', { workspace: true });
      expect(await listed()).not.toHaveProperty('files');
      const third = await bench.sandboxes.acquire('files', spec);
      expect({ generation: third.generation, files: (await run(third, 'ls -A')).output }).toEqual({
        generation: 1,
        files: '',
      });
    });

    test('directories that a process made which died before they were the sandbox’s own are that with the next', async () => {
      const names = ['workspace', 'home', 'out', 'session/outputs'];
      for (const name of names) await mkdir(join(bench.dataDir, 'half', name), { recursive: true });
      const sandbox = await bench.sandboxes.acquire('half', spec);
      const files = '/workspace/f ~/f /mnt/session/f /mnt/session/outputs/f';
      expect(await run(sandbox, `touch ${files} && ls ${files} | wc -l`)).toMatchObject({ code: 0, output: '4\n' });
    });

    test('list tells what runs and how busy it is', async () => {
      const sandbox = await bench.sandboxes.acquire('busy', spec);
      await sandbox.start('work', { script: 'echo on; sleep 30', timeoutMs: 60_000 });
      await untilPrinted(sandbox, 'work', 'on\n');
      expect((await listed())['busy']).toMatchObject({ running: true, busy: 1, generation: 1 });
      await sandbox.kill('work', 'interrupt');
      const idle = (await listed())['busy'];
      expect(idle).toMatchObject({ running: true, busy: 0 });
      expect(Date.now() - (idle?.lastUsedAt ?? 0)).toBeLessThan(10_000);
      await bench.sandboxes.destroy('busy');
      expect((await listed())['busy']).toMatchObject({ running: false, busy: 0 });
    });

    test('P10: the reaper takes idle sandboxes and those nobody wants, and leaves busy ones', async () => {
      for (const key of ['idle', 'unwanted', 'working']) await bench.sandboxes.acquire(key, spec);
      const working = await bench.sandboxes.acquire('working', spec);
      await working.start('work', { script: 'echo on; sleep 30', timeoutMs: 60_000 });
      await untilPrinted(working, 'work', 'on\n');
      const { sandboxes } = bench;
      const early = await reap({ sandboxes, isWanted, idleMs: 60_000 }, Date.now());
      expect(early).toEqual({ removed: ['unwanted'], reclaimed: [] });
      const late = await reap({ sandboxes, isWanted, idleMs: 60_000 }, Date.now() + 61_000);
      expect(late.reclaimed).toContain('idle');
      expect(late.reclaimed).not.toContain('working');
      expect((await bench.sandboxes.acquire('idle', spec)).generation).toBe(2);
      expect(await listed()).not.toHaveProperty('unwanted');
      await bench.sandboxes.destroy('working');
    });

    test('a record without its start, as a crash leaves it, is started once by the next who asks', async () => {
      const sandbox = await bench.sandboxes.acquire('crash', spec);
      await run(sandbox, 'true');
      const record = join(bench.dataDir, 'crash', 'in', 'x', 'torn');
      await mkdir(record);
      await writeFile(join(record, 'record'), '1 65536');
      await writeFile(join(record, 'command'), '- 0 5000 65536\n');
      await writeFile(join(record, 'script'), 'echo ran');
      // A poll that waits would ask the runner itself.
      expect(await sandbox.poll('torn', { offset: 0, waitMs: 0 })).toMatchObject({ state: 'running' });
      await Promise.all([1, 2].map(() => sandbox.start('torn', { script: 'echo ran', timeoutMs: 5_000 })));
      expect(await follow(sandbox, 'torn')).toMatchObject({ state: 'exited', output: 'ran\n' });
    });
  });
}
