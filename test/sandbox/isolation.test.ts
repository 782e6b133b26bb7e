import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import {
  bubblewrap,
  describeBackend,
  docker,
  follow,
  run,
  setUp,
  smallSpec,
  type Backend,
  type Bench,
} from '../support/sandbox.js';

// Every attempt here is one that must fail. P4: no secret where code runs.
const secret = 'host-secret-2f81c4';

describeBackend('isolation', docker(), describeIsolation);
describeBackend('isolation', bubblewrap(), describeIsolation);

function describeIsolation(backend: Backend): void {
  let bench: Bench;
  let sandbox: Sandbox;
  let neighbour: Sandbox;
  let server: Server;
  let reached = 0;

  beforeAll(async () => {
    process.env['DROVER_ISOLATION_SECRET'] = secret;
    bench = setUp(backend);
    writeFileSync(join(bench.dataDir, '.secret'), secret);
    sandbox = await bench.sandboxes.acquire('prisoner', smallSpec);
    neighbour = await bench.sandboxes.acquire('neighbour', smallSpec);
    await run(neighbour, `echo ${secret} >/workspace/secret; echo ${secret} >/mnt/session/secret`);
    server = createServer((socket) => {
      reached += 1;
      socket.end(secret);
    });
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  });

  afterAll(async () => {
    delete process.env['DROVER_ISOLATION_SECRET'];
    server.close();
    await bench.clear();
  });

  /** Runs an attempt and tells what it printed; a secret in it is an escape. */
  const attempt = async (script: string, more = {}) => {
    const ended = await run(sandbox, script, more);
    expect(ended.output).not.toContain(secret);
    return ended;
  };

  test('commands are an ordinary user without capabilities, behind a filter', async () => {
    const { output } = await attempt(
      'id -u; grep -E "^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status',
    );
    const none = '0000000000000000';
    const uid = process.getuid?.() || 1000;
    const status = [
      `CapPrm:\t${none}`,
      `CapEff:\t${none}`,
      `CapBnd:\t${none}`,
      `CapAmb:\t${none}`,
      'NoNewPrivs:\t1',
      'Seccomp:\t2',
    ];
    expect(output).toBe(`${[uid, ...status].join('\n')}\n`);
  });

  test('no file of the host: not by path, by link, or through /proc', async () => {
    const files = [
      join(bench.dataDir, '.secret'),
      join(bench.dataDir, 'neighbour/workspace/secret'),
      '/etc/shadow',
      '/root',
      '/var/lib',
      '/work',
    ];
    for (const [index, file] of files.entries()) {
      const script =
        'cat "$1"; ls "$1"/*; ln -sfn "$1" "link$2"; cat "link$2"; cat "/proc/1/root$1" "/proc/self/root$1"; head -c 100 "$1"';
      const { output } = await attempt(script, { args: [file, String(index)] });
      expect(output).not.toMatch(/root:[x*!$]/);
    }
    expect((await attempt('ls -A /root /home /var 2>/dev/null | grep -v -E "^(sandbox|tmp|/.*:|)$"')).output).toBe('');
  });

  test('no process of the host, and none of a neighbour', async () => {
    const mark = `sleep ${10_000 + process.pid}`;
    await neighbour.start('visible', { script: `echo on; exec ${mark}`, timeoutMs: 60_000 });
    await neighbour.poll('visible', { offset: 0, waitMs: 5_000 });
    const { output } = await attempt(
      'cat /proc/[0-9]*/cmdline | tr "\\0" " "; cat /proc/[0-9]*/environ | tr "\\0" "\\n"',
    );
    expect(output).not.toContain(mark);
    expect(output).not.toMatch(/jest|dockerd|node /);
    await attempt('kill -9 -1');
    expect(await neighbour.poll('visible', { offset: 0, waitMs: 0 })).toMatchObject({ state: 'running' });
    await neighbour.kill('visible', 'interrupt');
  });

  test('no variable of the host and no secret in the environment', async () => {
    const { output } = await attempt('env; set; cat /proc/1/environ | tr "\\0" "\\n"');
    expect(output).not.toMatch(/DROVER_ISOLATION|ANTHROPIC|NODE_OPTIONS|npm_/);
  });

  test('the network is lo alone: no host service on any address answers', async () => {
    // The server's address is that of a TCP server.
    const { port } = server.address() as AddressInfo;
    expect((await attempt('tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "')).output).toBe('lo\n');
    const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
    for (const address of [...addresses, '172.17.0.1', '0.0.0.0', '127.0.0.1', '169.254.169.254']) {
      const target = address.split('%')[0] ?? address;
      const { output } = await attempt(
        'timeout 2 bash -c \'exec 3<>"/dev/tcp/$0/$1" && cat <&3 && echo CONNECTED\' "$1" "$2"',
        {
          args: [target, String(port)],
        },
      );
      expect(output).not.toContain('CONNECTED');
    }
    expect(reached).toBe(0);
  });

  test('no socket of an engine, of the host or of the server', async () => {
    const { output } = await attempt(
      'ls /var/run/docker.sock /run/docker.sock /run/containerd 2>/dev/null; find / -xdev -type s 2>/dev/null',
    );
    expect(output).toBe('');
    // An abstract socket belongs to the network namespace.
    expect((await attempt('tail -n +2 /proc/net/unix | wc -l')).output).toBe('0\n');
  });

  test.each([
    ['a user namespace', 'unshare -U true'],
    ['a network namespace', 'unshare -n true'],
    ['another process’s namespaces', 'nsenter -t 1 -m true'],
    ['mount', 'mount -t tmpfs none /tmp'],
    ['umount', 'umount /workspace'],
    ['remounting the root', 'mount -o remount,rw /'],
    ['chroot', 'python3 -c \'import os; os.chroot("/")\''],
    ['the root directory', 'touch /escape'],
    ['programs', 'echo x >>/usr/bin/env'],
    ['users', 'echo root2::0:0::/:/bin/sh >>/etc/passwd'],
    ['requests from the host', 'touch /run/drover/in/x/forged'],
    ['the runner', 'echo exit >>/run/drover/in/runner.sh'],
    ['kernel settings', 'echo "|/bin/sh" >/proc/sys/kernel/core_pattern'],
    ['sysrq', 'echo h >/proc/sysrq-trigger'],
    [
      'control groups',
      'f=$(find /sys/fs/cgroup -name memory.limit_in_bytes -o -name memory.max | head -n 1); echo 1G >"${f:-/none}"',
    ],
    ['device nodes', 'mknod /workspace/disk b 8 0'],
    ['another user', 'setpriv --reuid=0 true'],
    ['setuid programs', 'cp /usr/bin/id /workspace/id && chmod 4755 /workspace/id && chown 0 /workspace/id'],
    ['the host name', 'echo other >/proc/sys/kernel/hostname'],
    ['kernel messages', 'cat /proc/kmsg || cat /dev/kmsg'],
    ['the machine’s memory', 'head -c 1 /dev/mem || head -c 1 /proc/kcore'],
  ])('refused: %s', async (_, script) => {
    const ended = await attempt(script);
    expect(ended).not.toMatchObject({ state: 'exited', code: 0 });
    // It is to fail because it is refused, not because the program for it is missing.
    expect(ended.output).not.toContain('command not found');
  });

  test('setuid bits on the host’s programs give nothing', async () => {
    const { output } = await attempt(
      'for f in $(find /usr -xdev -perm -4000 2>/dev/null | head -n 5); do timeout 0.3 "$f" --version </dev/null; done >/dev/null 2>&1; id -u; timeout 1 sudo -n id -u; timeout 1 su -c "id -u" </dev/null',
    );
    expect(output).not.toMatch(/^0$/m);
  });

  test('system calls of the deny table fail: ptrace, key rings, bpf, io_uring, userfaultfd, perf, mount API', async () => {
    const numbers =
      process.arch === 'x64'
        ? {
            ptrace: 101,
            keyctl: 250,
            add_key: 248,
            bpf: 321,
            io_uring_setup: 425,
            userfaultfd: 323,
            perf_event_open: 298,
            open_tree: 428,
            unshare: 272,
            process_vm_readv: 310,
            kexec_load: 246,
          }
        : {
            ptrace: 117,
            keyctl: 219,
            add_key: 217,
            bpf: 280,
            io_uring_setup: 425,
            userfaultfd: 282,
            perf_event_open: 241,
            open_tree: 428,
            unshare: 97,
            process_vm_readv: 270,
            kexec_load: 104,
          };
    const program = [
      'import ctypes, json, sys',
      'libc = ctypes.CDLL(None, use_errno=True)',
      'def errno(n, *a):',
      '    ctypes.set_errno(0)',
      '    return ctypes.get_errno() if libc.syscall(n, *a) == -1 else 0',
      'numbers = json.loads(sys.argv[1])',
      'print(json.dumps({name: errno(n, 0, 0, 0, 0, 0) for name, n in numbers.items()}))',
    ].join('\n');
    const { output } = await attempt('exec python3 -c "$1" "$2"', { args: [program, JSON.stringify(numbers)] });
    expect(JSON.parse(output)).toEqual(Object.fromEntries(Object.keys(numbers).map((name) => [name, 1])));
  });

  test('clone with new namespaces is refused and clone3 is unknown, but threads and forks work', async () => {
    const [clone, clone3] = process.arch === 'x64' ? [56, 435] : [220, 435];
    const program = [
      'import ctypes, threading, subprocess',
      'libc = ctypes.CDLL(None, use_errno=True)',
      `r = libc.syscall(${clone}, 0x10000000 | 17, 0, 0, 0, 0); print(r, ctypes.get_errno())`,
      `r = libc.syscall(${clone3}, 0, 0); print(r, ctypes.get_errno())`,
      't = threading.Thread(target=lambda: print("thread")); t.start(); t.join()',
      'print(subprocess.run(["echo", "fork"], capture_output=True, text=True).stdout.strip())',
    ].join('\n');
    expect((await attempt('exec python3 -c "$1"', { args: [program] })).output).toBe('-1 1\n-1 38\nthread\nfork\n');
  });

  test('planted links and pipes in place of results are not followed by the host', async () => {
    const { dataDir } = bench;
    await sandbox.start('forger', {
      script:
        'cd /run/drover/out; rm -f forger.log; ln -s "$1" forger.log; mkfifo later.log; ln -s "$1" .shell-main; sleep 0.3',
      args: [join(dataDir, '.secret')],
      timeoutMs: 5_000,
    });
    const ended = await follow(sandbox, 'forger');
    expect(ended).toMatchObject({ state: 'exited', output: '' });
    await sandbox.start('later', { script: 'echo hidden', timeoutMs: 1_000 });
    expect((await sandbox.poll('later', { offset: 0, waitMs: 3_000 })).size).toBe(0);
    await sandbox.forget('forger');
    expect((await attempt('rm -f /run/drover/out/later.log; echo well')).output).toBe('well\n');
    // A link the sandbox may plant in its workspace leads a tar no further than it leads the sandbox.
    symlinkSync('/etc', join(dataDir, 'prisoner/workspace/etc-link'));
    await expect(sandbox.getTar('/workspace/etc-link/shadow', 100_000)).rejects.toThrow('files could not be moved');
  });

  test('nothing of a sandbox runs on the host as root', () => {
    const own = execFileSync('ps', ['-eo', 'uid,args'], { encoding: 'utf8' });
    // Beside what makes a sandbox, and is root for as long as that takes.
    const runners = own
      .split('\n')
      .filter((line) => line.includes('/run/drover/in/runner.sh') && !/bwrap|setpriv/.test(line));
    expect(runners.length).toBeGreaterThan(0);
    for (const line of runners) expect(line.trim()).not.toMatch(/^0 /);
  });
}
