import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceFile } from '../durable-files.js';
import { bubblewrapArguments } from './bubblewrap-command.js';
import { checkBubblewrap } from './bubblewrap-check.js';
import { createCgroup, findCgroups, removeCgroup, type Cgroup } from './cgroup.js';
import { createPlacedSandboxes, type Launcher } from './placed-sandboxes.js';
import { ignoreMissing, makeReadableDirectory, sandboxOwner, writeReadable, type Place } from './place.js';
import { identify, killProcess, type ProcessIdentity } from './process-identity.js';
import { isAlive } from './requests.js';
import type { Sandboxes, SandboxSpec } from './sandbox.js';
import { seccompFilter } from './seccomp-filter.js';
import { filterArch } from './seccomp-rules.js';

interface BubblewrapSandboxesOptions {
  /** Directory for the sandboxes' files; nothing else may live in it. */
  dataDir: string;
  /** Tells this data directory's control groups from others'. */
  dataId: string;
}

/** Sandboxes without an engine: one bubblewrap a sandbox, which lives on when this process dies. */
export function createBubblewrapSandboxes({ dataDir, dataId }: BubblewrapSandboxesOptions): Sandboxes {
  return createPlacedSandboxes(dataDir, createLauncher(path.resolve(dataDir), dataId));
}

function createLauncher(dataDir: string, dataId: string): Launcher {
  const asRoot = process.getuid?.() === 0;
  const cgroups = findCgroups();
  const groupOf = (place: Place) => `drover-${dataId}/${place.key}`;

  async function launch(place: Place, _: number, spec: SandboxSpec): Promise<void> {
    const layout = await cgroups;
    const cgroup = layout && (await createCgroup(layout, groupOf(place), spec));
    const files = await writeSharedFiles(dataDir);
    const bwrap = startBwrap({ place, spec, asRoot, cgroup, ...files });
    try {
      const identity = await identify(await childPid(bwrap));
      if (!identity) throw new Error('it ended at once');
      await replaceFile(identityFile(place), JSON.stringify(identity));
      bwrap.process.stdin?.end('go\n');
      await untilAlive(place, bwrap.process);
    } catch (error) {
      bwrap.process.kill('SIGKILL');
      await stop(place);
      throw new Error(`bubblewrap did not start: ${(await bwrap.complaint) || String(error)}`, { cause: error });
    }
    letGo(bwrap.process);
  }

  async function stop(place: Place): Promise<void> {
    const text = await readFile(identityFile(place), 'utf8').catch(ignoreMissing);
    // Written by `launch`, and nobody else can reach the directory.
    if (text) await killProcess(JSON.parse(text) as ProcessIdentity);
    await rm(identityFile(place), { force: true });
    const layout = await cgroups;
    if (layout) await removeCgroup(layout, groupOf(place));
  }

  return {
    backend: 'bubblewrap',
    check: async () => checkBubblewrap({ asRoot, cgroups: await cgroups }),
    launch,
    stop,
    strays: async () => [],
    close: async () => {},
  };
}

const identityFile = (place: Place) => path.join(place.host, 'process.json');

interface Bwrap {
  process: ChildProcess;
  complaint: Promise<string>;
}

interface StartOptions {
  place: Place;
  spec: SandboxSpec;
  asRoot: boolean;
  cgroup: Cgroup | undefined;
  etc: string;
  filter: string;
}

// Enters the control groups first, so that everything bubblewrap starts is born in them.
const enter = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec bwrap "$@"';

function startBwrap({ place, spec, asRoot, cgroup, etc, filter }: StartOptions): Bwrap {
  const filterFd = openSync(filter, 'r');
  const fds = { filter: 3, info: 4 };
  const args = bubblewrapArguments({ place, spec, asRoot, etc, memoryEvents: cgroup?.memoryEvents, fds });
  // Without control groups each process has its own bounds.
  const bounds = cgroup ? [] : [String(spec.memoryMb * 1024), String(spec.pids)];
  const child = spawn(
    'sh',
    ['-c', enter, 'sh', ...(cgroup?.doors ?? []), '--', ...args, String(spec.pids), ...bounds],
    {
      stdio: ['pipe', 'ignore', 'pipe', filterFd, 'pipe'],
      detached: true,
      cwd: '/',
      env: { PATH: process.env['PATH'] },
    },
  );
  closeSync(filterFd);
  child.stdin?.on('error', () => {});
  return { process: child, complaint: collect(child.stderr) };
}

async function collect(stream: Readable | null): Promise<string> {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(0, 2_000)));
  await new Promise((resolve) => stream?.once('close', resolve));
  return text.trim();
}

// bwrap says once which pid its child has here.
function childPid({ process: bwrap }: Bwrap): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    // The fifth descriptor was asked for as a pipe.
    (bwrap.stdio[4] as Readable).on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const pid = /"child-pid": *(\d+)/.exec(text)?.[1];
      if (pid) resolve(Number(pid));
    });
    bwrap.once('error', reject);
    bwrap.once('exit', () => reject(new Error('it ended at once')));
  });
}

async function untilAlive(place: Place, bwrap: ChildProcess): Promise<void> {
  const until = Date.now() + 10_000;
  while (!(await isAlive(place))) {
    if (bwrap.exitCode !== null || bwrap.signalCode !== null) throw new Error('it ended at once');
    if (Date.now() > until) throw new Error('no answer within 10 s');
    await sleep(2);
  }
}

// The sandbox is to outlive us, and must not keep us alive.
function letGo(bwrap: ChildProcess): void {
  bwrap.unref();
  for (const stream of bwrap.stdio) stream?.destroy();
}

async function writeSharedFiles(dataDir: string): Promise<{ etc: string; filter: string }> {
  const arch = filterArch();
  if (!arch) throw new Error(`no system call filter for ${process.arch}`);
  const etc = path.join(dataDir, '.etc');
  const filter = path.join(dataDir, '.seccomp.bpf');
  const { uid, gid } = sandboxOwner();
  await makeReadableDirectory(etc);
  await Promise.all([
    replaceReadable(path.join(etc, 'passwd'), `sandbox:x:${uid}:${gid}::/home/sandbox:/bin/bash\n`),
    replaceReadable(path.join(etc, 'group'), `sandbox:x:${gid}:\n`),
    replaceReadable(path.join(etc, 'hosts'), '127.0.0.1 localhost sandbox\n::1 localhost\n'),
    replaceReadable(filter, seccompFilter(arch)),
  ]);
  return { etc, filter };
}

// Others start at the same time: none may find a filter that is being written.
async function replaceReadable(file: string, content: string | Uint8Array): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeReadable(draft, content);
  await rename(draft, file);
}
