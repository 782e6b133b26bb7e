import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeMountDirectory } from '../../src/mounts/directory.js';
import type { Mount } from '../../src/sandbox/sandbox.js';
import { run, setUp, smallSpec, type Backend, type Bench } from '../support/sandbox.js';

/** Directories of this machine inside of sandboxes. */
export function describeSandboxMounts(backend: Backend): void {
  describe('mounts', () => {
    let bench: Bench;
    let host: string;
    beforeAll(() => {
      bench = setUp(backend);
      host = mkdtempSync(join(tmpdir(), 'drover-mounts-'));
    });
    afterAll(async () => {
      await bench.clear();
      rmSync(host, { recursive: true, force: true });
    });

    async function directory(name: string, access: Mount['access']): Promise<string> {
      const path = join(host, name);
      await makeMountDirectory(path, access);
      return path;
    }
    const acquire = (key: string, mounts: Mount[]) => bench.sandboxes.acquire(key, { ...smallSpec, mounts });

    test('read_only: what is written here appears there at once, and nothing inside can change it', async () => {
      const from = await directory('shown', 'read_only');
      const sandbox = await acquire('shown', [{ at: '/mnt/session/uploads', from, access: 'read_only' }]);
      await writeFile(join(from, 'note'), 'hello\n', { mode: 0o644 });
      expect((await run(sandbox, 'cat /mnt/session/uploads/note')).output).toBe('hello\n');
      const tries = [
        'echo x >note',
        'echo x >new',
        'rm note',
        'mv note other',
        'chmod 777 note',
        'mkdir new',
        'touch .',
      ];
      for (const attempt of tries) {
        const ended = await run(sandbox, `cd /mnt/session/uploads && ${attempt}`);
        expect(ended.output).toContain('Read-only file system');
        expect(ended).not.toMatchObject({ code: 0 });
      }
      await run(sandbox, 'cd /mnt/session; rm -rf uploads; mv uploads elsewhere; ln -sfn /etc uploads');
      expect((await run(sandbox, 'cat /mnt/session/uploads/note')).output).toBe('hello\n');
    });

    test('read_write: what is written there counts against the limit of the disk', async () => {
      const from = await directory('counted', 'read_write');
      const sandbox = await acquire('counted', [{ at: '/mnt/memory/counted', from, access: 'read_write' }]);
      const filler =
        'cd /mnt/memory/counted; for i in $(seq 400); do head -c 1M /dev/urandom >f$i || exit; sleep 0.01; done';
      expect(await run(sandbox, filler)).toMatchObject({ state: 'exited', reason: 'disk' });
      expect(await run(sandbox, 'rm /mnt/memory/counted/*')).toMatchObject({ code: 0 });
      expect(await run(sandbox, 'echo again >file; cat file')).toMatchObject({ code: 0, output: 'again\n' });
    });

    test('read_write: both sides write, and what is written inside belongs to the sandbox and is found here', async () => {
      const from = await directory('shared', 'read_write');
      const sandbox = await acquire('shared', [{ at: '/mnt/memory/shared', from, access: 'read_write' }]);
      const ended = await run(sandbox, 'cd /mnt/memory/shared && mkdir -p a/b && echo inside >a/b/c && stat -c %U . a');
      expect(ended.output).toBe('sandbox\nsandbox\n');
      expect(await readFile(join(from, 'a/b/c'), 'utf8')).toBe('inside\n');
      expect(await run(sandbox, 'mkdir /mnt/memory/other')).toMatchObject({ code: 1 });
      expect((await run(sandbox, 'ls /mnt/memory')).output).toBe('shared\n');
    });

    test('mounts below mounts: the inner ones are as they say, whatever the order', async () => {
      const outer = await directory('outer', 'read_only');
      const inner = await directory('inner', 'read_write');
      const innermost = await directory('innermost', 'read_only');
      const sandbox = await acquire('nested', [
        { at: '/mnt/memory/one/fixed', from: innermost, access: 'read_only' },
        { at: '/mnt/memory/one', from: inner, access: 'read_write' },
        { at: '/mnt/memory', from: outer, access: 'read_only' },
      ]);
      const script = 'cd /mnt/memory; touch x; touch one/x; touch one/fixed/x; find . -name x';
      expect((await run(sandbox, `{ ${script}; } 2>/dev/null`)).output).toBe('./one/x\n');
    });

    test('a mount outlives the sandbox, and no link that was planted in its place leads anywhere', async () => {
      const from = await directory('kept', 'read_write');
      const outside = await directory('outside', 'read_write');
      const first = await bench.sandboxes.acquire('planted', smallSpec);
      await run(first, `ln -s ${outside} /mnt/session/uploads; ln -s ${outside} /workspace/repo`);
      await bench.sandboxes.destroy('planted');
      // As root on this machine would find it, were the sandbox's links followed here.
      await symlink(outside, join(bench.dataDir, 'planted', 'home', 'deep'));
      const mounts = ['/mnt/session/uploads', '/workspace/repo', '/home/sandbox/deep/er'].map((at): Mount => ({
        at,
        from,
        access: 'read_write',
      }));
      const second = await acquire('planted', mounts);
      expect((await run(second, 'echo kept >/workspace/repo/file; cat /mnt/session/uploads/file')).output).toBe(
        'kept\n',
      );
      await bench.sandboxes.destroy('planted');
      const third = await acquire('planted', mounts);
      expect((await run(third, 'cat ~/deep/er/file')).output).toBe('kept\n');
      await expect(lstat(join(outside, 'er'))).rejects.toThrow('ENOENT');
      await bench.sandboxes.destroy('planted', { workspace: true });
      expect(await readFile(join(from, 'file'), 'utf8')).toBe('kept\n');
    });

    test('a file that belongs to nobody in the sandbox can be read when its mode says so', async () => {
      const from = await directory('modes', 'read_only');
      await mkdir(join(from, 'deep'), { mode: 0o755 });
      await writeFile(join(from, 'deep', 'open'), 'open', { mode: 0o444 });
      await writeFile(join(from, 'deep', 'closed'), 'closed', { mode: 0o600 });
      const sandbox = await acquire('modes', [{ at: '/mnt/skills/some', from, access: 'read_only' }]);
      const ended = await run(sandbox, 'cd /mnt/skills/some/deep; cat open; cat closed 2>&1 | grep -o denied');
      expect(ended.output).toBe(process.getuid?.() === 0 ? 'opendenied\n' : 'open');
    });

    test('a path that is not plain is refused', async () => {
      const from = await directory('plain', 'read_only');
      for (const at of ['relative', '/mnt/../etc', '/mnt//x', '/mnt/']) {
        await expect(acquire('refused', [{ at, from, access: 'read_only' }])).rejects.toThrow('not a path to mount at');
      }
    });
  });
}
