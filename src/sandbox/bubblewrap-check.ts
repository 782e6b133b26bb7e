import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CgroupLayout } from './cgroup.js';
import { filterArch } from './seccomp-rules.js';

interface CheckOptions {
  asRoot: boolean;
  cgroups: CgroupLayout | undefined;
}

/** Whether bubblewrap can hold sandboxes here; with `ok`, `why` says which limits are weaker than asked for. */
export async function checkBubblewrap({ asRoot, cgroups }: CheckOptions): Promise<{ ok: boolean; why?: string }> {
  if (process.platform !== 'linux') return no('bubblewrap needs Linux');
  if (!filterArch()) return no(`there is no system call filter for ${process.arch} (only x64 and arm64)`);
  if (!(await runs('bwrap', ['--version']))) return no('bwrap is missing: install the package "bubblewrap"');
  for (const tool of ['setsid', 'setpriv', 'mkfifo', 'tar']) {
    if (!(await runs(tool, ['--version']))) return no(`${tool} is missing: install util-linux, coreutils and tar`);
  }
  if (!(await runs('bash', ['-c', '((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501))'])))
    return no('bash 5.1 or later is missing');
  if (!(await runs('bwrap', trial(asRoot)))) {
    return no(
      'bwrap may not make namespaces here (in a container, or forbidden by AppArmor or kernel.unprivileged_userns_clone)',
    );
  }
  if (cgroups) return { ok: true };
  return { ok: true, why: 'no writable control groups: memory is bounded per process only, cpu not at all' };
}

const no = (why: string) => ({ ok: false, why });

const trial = (asRoot: boolean) => [
  ...(asRoot ? [] : ['--unshare-user']),
  '--unshare-pid',
  '--unshare-net',
  '--ro-bind',
  '/',
  '/',
  '--proc',
  '/proc',
  '--',
  'true',
];

const runs = (command: string, args: string[]): Promise<boolean> =>
  promisify(execFile)(command, args, { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
