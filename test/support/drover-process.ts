import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { createBubblewrapSandboxes } from '../../src/sandbox/bubblewrap.js';
import { createDockerSandboxes } from '../../src/sandbox/docker.js';
import type { Sandboxes } from '../../src/sandbox/sandbox.js';
import { endTemporal } from './temporal-process.js';

export const ROOT = join(__dirname, '../..');

export interface DroverOptions {
  sandbox?: 'docker' | 'bubblewrap';
  /** The Messages API to talk to; without it the scripted model plays the model's part. */
  upstreamUrl?: string;
  /** Further settings; the surroundings' own DROVER_ and ANTHROPIC_ variables do not reach the server. */
  env?: Record<string, string>;
  /** Where every one of the processes listens; default: wherever there is room. */
  port?: number;
  /** An existing directory to use, which `remove` then leaves; default: a new one. */
  dataDir?: string;
}

/** A data directory, and the real `drover serve` that runs on it: one process after the other, each in its own pid. */
export interface Drover {
  readonly dataDir: string;
  readonly url: string;
  readonly apiKey: string;
  /** The official SDK at the process that runs now, without retries. */
  readonly client: Anthropic;
  readonly pid: number;
  /** What all the processes have said on standard error. */
  readonly stderr: string;
  /** Starts a process and waits until it takes requests; resolves to the milliseconds that took. */
  start(): Promise<number>;
  /** Starts a process and kills it with SIGKILL so many milliseconds later, ready or not. */
  startAndKill(afterMs: number): Promise<void>;
  /** SIGKILL; resolves when the process is gone. Its Temporal server and its sandboxes live on. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to how the process ended. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>;
  /** A plain request with the key. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Stops whatever runs on the directory, Temporal and sandboxes too, and removes it. */
  remove(): Promise<void>;
}

/** Makes a directory and starts a server on it. */
export async function startDrover(options: DroverOptions = {}): Promise<Drover> {
  const drover = createDrover(options);
  try {
    await drover.start();
  } catch (error) {
    await drover.remove();
    throw error;
  }
  return drover;
}

/** A directory whose server is still to be started. */
export function createDrover(options: DroverOptions = {}): Drover {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'drover-serve-'));
  let stderr = '';
  let running: Running | undefined;
  const current = (): Running => {
    if (!running) throw new Error('no drover is running');
    return running;
  };
  const kill = async (): Promise<void> => {
    const { child, exited } = current();
    running = undefined;
    child.kill('SIGKILL');
    await exited;
  };
  const stop = async () => {
    const { child, exited } = current();
    const asked = performance.now();
    running = undefined;
    child.kill('SIGTERM');
    const { code, signal } = await exited;
    return { code, signal, ms: performance.now() - asked };
  };
  return {
    dataDir,
    get url() {
      return current().url;
    },
    get apiKey() {
      return current().apiKey;
    },
    get client() {
      return current().client;
    },
    get pid() {
      return current().pid;
    },
    get stderr() {
      return stderr;
    },
    async start() {
      if (running) throw new Error('a drover is running already');
      const began = performance.now();
      running = await launch(dataDir, options, (text) => (stderr += text));
      return performance.now() - began;
    },
    async startAndKill(afterMs) {
      if (running) throw new Error('a drover is running already');
      const child = spawnServe(dataDir, options);
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const exited = exitOf(child);
      await Promise.race([sleep(afterMs), exited]);
      child.kill('SIGKILL');
      await exited;
    },
    kill,
    stop,
    fetch: (path, init = {}) =>
      fetch(`${current().url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${current().apiKey}`, ...Object.fromEntries(new Headers(init.headers)) },
      }),
    async remove() {
      if (running) await kill();
      await endTemporal(dataDir);
      await removeSandboxes(dataDir, options);
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** How a start that is expected to fail ends: its exit code and what it said. */
export async function runServe(
  dataDir: string,
  options: DroverOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnServe(dataDir, options);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const { code } = await exitOf(child);
  return { code, stdout, stderr };
}

interface Running {
  child: ChildProcess;
  pid: number;
  exited: Promise<Exit>;
  url: string;
  apiKey: string;
  client: Anthropic;
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

async function launch(dataDir: string, options: DroverOptions, say: (text: string) => void): Promise<Running> {
  const child = spawnServe(dataDir, options);
  const exited = exitOf(child);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    say(chunk.toString());
  });
  const url = await Promise.race([readyUrl(child), exited.then(() => undefined)]);
  if (url === undefined) throw new Error(`drover did not start:\n${said}`);
  const apiKey = options.env?.['DROVER_API_KEY'] ?? readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
  // It has said something, so it was spawned.
  return { child, pid: child.pid ?? 0, exited, url, apiKey, client };
}

function spawnServe(
  dataDir: string,
  { sandbox = 'bubblewrap', upstreamUrl, env, port = 0 }: DroverOptions,
): ChildProcess {
  const outer = Object.entries(process.env).filter(([name]) => !/^(DROVER|ANTHROPIC)_/.test(name));
  const model = upstreamUrl === undefined ? {} : { DROVER_UPSTREAM_URL: upstreamUrl, ANTHROPIC_API_KEY: 'sk-upstream' };
  return spawn(process.execPath, [join(ROOT, 'bin/drover.js'), 'serve', '--port', String(port), '--data', dataDir], {
    env: {
      ...Object.fromEntries(outer),
      DROVER_SANDBOX: sandbox,
      DROVER_SANDBOX_IMAGE: TEST_IMAGE,
      DROVER_MODEL: upstreamUrl === undefined ? 'scripted' : 'anthropic',
      ...model,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const TEST_IMAGE = process.env['DROVER_SANDBOX_IMAGE'] ?? process.env['DROVER_TEST_IMAGE'] ?? 'drover-sandbox:test';

async function exitOf(child: ChildProcess): Promise<Exit> {
  // `close` comes after the last of its output, but also after that of whoever inherited the pipes.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error('its output was asked for as a pipe'));
    createInterface(child.stdout).on('line', (line) => {
      const url = /^drover ready at (http:\S+)$/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    return undefined;
  });
}

/** The sandboxes of a data directory, seen from outside the server: to look at them, or to take them away. */
export function sandboxesOf(dataDir: string, sandbox: DroverOptions['sandbox'] = 'bubblewrap'): Sandboxes {
  const dataId = readFileSync(join(dataDir, 'id'), 'utf8').trim();
  const options = { dataDir: join(dataDir, 'sandboxes'), dataId };
  return sandbox === 'docker'
    ? createDockerSandboxes({ ...options, image: TEST_IMAGE })
    : createBubblewrapSandboxes(options);
}

async function removeSandboxes(dataDir: string, { sandbox }: DroverOptions): Promise<void> {
  let sandboxes: Sandboxes;
  try {
    sandboxes = sandboxesOf(dataDir, sandbox);
  } catch {
    // It died before it had an id, so it has made none.
    return;
  }
  for await (const { key } of sandboxes.list()) await sandboxes.destroy(key, { workspace: true });
  await sandboxes.close();
}
