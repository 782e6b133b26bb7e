import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exists } from './process-identity.js';
import type { SandboxSpec } from './sandbox.js';

/** The control groups that bound a sandbox where there is no engine to do it. */
export interface Cgroup {
  /** A process that writes its pid into each of these is in. */
  doors: string[];
  /** A file with an `oom_kill N` line. */
  memoryEvents: string;
}

type Limits = Pick<SandboxSpec, 'cpus' | 'memoryMb' | 'pids'>;
export type CgroupLayout = { version: 1 | 2; root: string };

const mountPoint = '/sys/fs/cgroup';
const controllers = ['memory', 'pids', 'cpu'] as const;
const periodUs = 100_000;

/** Where we may make control groups with all three controllers; undefined where we may not. */
export async function findCgroups(): Promise<CgroupLayout | undefined> {
  if (await exists(path.join(mountPoint, 'cgroup.controllers'))) return findVersion2();
  for (const controller of controllers) if (!(await isWritable(path.join(mountPoint, controller)))) return undefined;
  return { version: 1, root: mountPoint };
}

// Root owns the tree. Anyone else owns at most the branch that was delegated to them.
async function findVersion2(): Promise<CgroupLayout | undefined> {
  const own = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  for (const root of [mountPoint, path.join(mountPoint, own), path.join(mountPoint, own, '..')]) {
    const enabled = await enable(root).catch(() => false);
    if (enabled) return { version: 2, root };
  }
  return undefined;
}

async function enable(root: string): Promise<boolean> {
  if (!(await isWritable(root))) return false;
  await writeFile(path.join(root, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '));
  return true;
}

const isWritable = (directory: string): Promise<boolean> =>
  access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );

/** Makes the group `name` (of the form `drover-ID/KEY`) with these limits. */
export async function createCgroup(layout: CgroupLayout, name: string, limits: Limits): Promise<Cgroup> {
  return layout.version === 1 ? createVersion1(layout.root, name, limits) : createVersion2(layout.root, name, limits);
}

async function createVersion1(root: string, name: string, { cpus, memoryMb, pids }: Limits): Promise<Cgroup> {
  const at = (controller: string, file: string) => path.join(root, controller, name, file);
  for (const controller of controllers) await mkdir(path.join(root, controller, name), { recursive: true });
  const bytes = String(memoryMb * 2 ** 20);
  await writeFile(at('memory', 'memory.limit_in_bytes'), bytes);
  // Absent where the kernel does not count swap.
  if (await exists(at('memory', 'memory.memsw.limit_in_bytes'))) {
    await writeFile(at('memory', 'memory.memsw.limit_in_bytes'), bytes);
  }
  await writeFile(at('pids', 'pids.max'), String(pids));
  await writeFile(at('cpu', 'cpu.cfs_period_us'), String(periodUs));
  await writeFile(at('cpu', 'cpu.cfs_quota_us'), String(Math.round(cpus * periodUs)));
  return {
    doors: controllers.map((controller) => at(controller, 'cgroup.procs')),
    memoryEvents: at('memory', 'memory.oom_control'),
  };
}

async function createVersion2(root: string, name: string, { cpus, memoryMb, pids }: Limits): Promise<Cgroup> {
  const at = (file: string) => path.join(root, name, file);
  await mkdir(path.join(root, path.dirname(name)), { recursive: true });
  await enable(path.join(root, path.dirname(name)));
  await mkdir(path.join(root, name), { recursive: true });
  await writeFile(at('memory.max'), String(memoryMb * 2 ** 20));
  if (await exists(at('memory.swap.max'))) await writeFile(at('memory.swap.max'), '0');
  await writeFile(at('pids.max'), String(pids));
  await writeFile(at('cpu.max'), `${Math.round(cpus * periodUs)} ${periodUs}`);
  return { doors: [at('cgroup.procs')], memoryEvents: at('memory.events') };
}

/** Ends what is still in the group and removes it. Idempotent. */
export async function removeCgroup(layout: CgroupLayout, name: string): Promise<void> {
  const directories =
    layout.version === 1
      ? controllers.map((controller) => path.join(layout.root, controller, name))
      : [path.join(layout.root, name)];
  for (const directory of directories) await removeGroup(directory);
}

async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 200 && (await exists(directory)); attempt += 1) {
    await killMembers(directory);
    await rmdir(directory).catch(() => sleep(5));
  }
}

async function killMembers(directory: string): Promise<void> {
  const pids = await readFile(path.join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of pids.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
