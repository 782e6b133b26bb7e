import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process of the bench's, known to be ready. */
export interface Child {
  pid: number;
  /** What came with its ready line. */
  url: string;
  /** From its spawn until the ready line was read. */
  readyMs: number;
  spawnedAt: number;
  process: ChildProcess;
  /** TERM, and KILL when that took too long. Resolves when it is gone. */
  stop(): Promise<void>;
  /** KILL. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  /** For messages. */
  name: string;
  args: string[];
  /** Its ready line is this and a URL. */
  ready: string;
  env?: NodeJS.ProcessEnv;
  stdio?: SpawnOptions['stdio'];
}

const READY_MS = 60_000;
const GRACE_MS = 15_000;
const LAST_WORDS = 2_000;

/** Runs a Node program of its own process and waits for its ready line. Throws with what it said when it ends before. */
export async function startChild({ name, args, ready, env = process.env, stdio }: ChildOptions): Promise<Child> {
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: stdio ?? ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-LAST_WORDS)));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const url = await Promise.race([
    readyLine(child, ready),
    exited.then((): undefined => undefined),
    sleep(READY_MS, undefined, { ref: false }),
  ]);
  if (url === undefined || child.pid === undefined) {
    await kill();
    throw new Error(`${name} did not start: ${said.trim()}`);
  }
  return { pid: child.pid, url, readyMs: performance.now() - spawnedAt, spawnedAt, process: child, kill, stop };

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await exited;
    clearTimeout(timer);
  }
}

function readyLine(child: ChildProcess, ready: string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error('its standard output is not a pipe');
  return new Promise((resolve) => {
    createInterface(stdout).on('line', (line) => {
      if (line.startsWith(ready)) resolve(line.slice(ready.length).trim());
    });
  });
}
