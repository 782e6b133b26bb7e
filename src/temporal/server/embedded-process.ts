import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeOf } from './embedded-identity.js';

/** A process that outlives us, known by pid and start time: whether we made it or an earlier drover did. */
export interface ServerProcess {
  pid: number;
  startTime: string;
  isAlive(): boolean;
  /** Resolves once it is gone or the signal is raised. Does not keep this process alive. */
  ended(signal: AbortSignal): Promise<void>;
  /** TERM, then KILL after the grace time. Resolves when it is gone. */
  end(graceMs: number): Promise<void>;
}

/** Takes hold of a process that runs already; undefined when it has ended or the pid is another's by now. */
export function attach(pid: number, startTime: string): ServerProcess | undefined {
  const isAlive = () => startTimeOf(pid) === startTime;
  if (!isAlive()) return undefined;
  return {
    pid,
    startTime,
    isAlive,
    async ended(until) {
      while (isAlive() && !until.aborted) {
        await sleep(WATCH_MS, undefined, { ref: false, signal: until }).catch(() => {});
      }
    },
    async end(graceMs) {
      signal(pid, 'SIGTERM', isAlive);
      await within(graceMs, isAlive);
      signal(pid, 'SIGKILL', isAlive);
      await within(KILL_MS, isAlive);
    },
  };
}

/** Starts a command in a session of its own, so that neither a terminal's Ctrl-C nor our own death ends it. Undefined when it ended at once. */
export async function launch(command: string, args: string[], log: number): Promise<ServerProcess | undefined> {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env: environment() });
  const { promise: spawned, resolve, reject } = Promise.withResolvers<void>();
  child.once('spawn', resolve).once('error', reject);
  await spawned;
  child.unref();
  const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid);
  return child.pid === undefined || startTime === undefined ? undefined : attach(child.pid, startTime);
}

// A look costs a read of /proc, elsewhere a run of `ps`.
const WATCH_MS = process.platform === 'linux' ? 100 : 2000;
const POLL_MS = 20;
const KILL_MS = 5000;

// No variable of ours goes along: keys are none of its business, and TEMPORAL_* would change what it does.
function environment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG'];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

function signal(pid: number, name: NodeJS.Signals, isAlive: () => boolean): void {
  if (!isAlive()) return;
  try {
    process.kill(pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}

async function within(ms: number, isAlive: () => boolean): Promise<void> {
  const deadline = performance.now() + ms;
  while (isAlive() && performance.now() < deadline) await sleep(POLL_MS);
}
