import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBubblewrapSandboxes } from '../../src/sandbox/bubblewrap.js';
import { createDockerSandboxes } from '../../src/sandbox/docker.js';
import type { ExecCommand, ExecPoll, Sandbox, Sandboxes, SandboxSpec } from '../../src/sandbox/sandbox.js';
import { deadline } from './patience.js';

/** A backend under test, and why it cannot be tested here, if so. */
export interface Backend {
  name: Sandboxes['backend'];
  create(dataDir: string): Sandboxes;
  missing: string | undefined;
}

export const testImage = process.env['DROVER_TEST_IMAGE'] ?? 'drover-sandbox:test';

const works = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
};

const dataId = `test${process.pid}`;

/** Docker, if an engine answers and has the test image. */
export const docker = (): Backend => ({
  name: 'docker',
  create: (dataDir) => createDockerSandboxes({ dataDir, dataId, image: testImage }),
  missing: works('docker', 'image', 'inspect', testImage)
    ? undefined
    : `no Docker engine with the image ${testImage} (.ci/start-docker.sh makes one)`,
});

export const bubblewrap = (): Backend => ({
  name: 'bubblewrap',
  create: (dataDir) => createBubblewrapSandboxes({ dataDir, dataId }),
  missing: works('bwrap', '--unshare-pid', '--ro-bind', '/', '/', 'true')
    ? undefined
    : 'bubblewrap is missing or may not make namespaces here',
});

/** Runs the suite for a backend, or says in the output why it does not. */
export function describeBackend(title: string, backend: Backend, suite: (backend: Backend) => void): void {
  if (backend.missing === undefined) describe(`${title}: ${backend.name}`, () => suite(backend));
  else describe.skip(`${title}: ${backend.name} (skipped: ${backend.missing})`, () => suite(backend));
}

export const smallSpec: SandboxSpec = { cpus: 1, memoryMb: 256, pids: 64, diskMb: 64, env: { GREETING: 'hello' } };

export interface Bench {
  dataDir: string;
  sandboxes: Sandboxes;
  /** Removes every sandbox and the directory. */
  clear(): Promise<void>;
}

/** An empty data directory with a backend over it. */
export function setUp(backend: Backend): Bench {
  const dataDir = mkdtempSync(join(tmpdir(), `drover-${backend.name}-`));
  const sandboxes = backend.create(dataDir);
  return {
    dataDir,
    sandboxes,
    clear: async () => {
      for await (const { key } of sandboxes.list()) await sandboxes.destroy(key, { workspace: true });
      await sandboxes.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export type Ended = ExecPoll & { output: string };

/** Polls until a command is over. */
export async function follow(sandbox: Sandbox, execId: string): Promise<Ended> {
  let output = '';
  let offset = 0;
  for (;;) {
    const seen = await sandbox.poll(execId, { offset, waitMs: 5_000 });
    output += Buffer.from(seen.chunk).toString();
    offset += seen.chunk.length;
    if (seen.state !== 'running' && offset >= seen.size) return { ...seen, output };
  }
}

/** Waits until a command has printed this, and a poll shows it. */
export async function untilPrinted(sandbox: Sandbox, execId: string, text: string): Promise<void> {
  for (const isOver = deadline(15_000); !isOver(); await sleep(20)) {
    const { chunk } = await sandbox.poll(execId, { offset: 0, waitMs: 0 });
    if (Buffer.from(chunk).toString().includes(text)) return;
  }
  throw new Error(`${execId} has not printed ${JSON.stringify(text)}`);
}

let made = 0;

/** Runs a script under a new id and waits for its end. */
export async function run(sandbox: Sandbox, script: string, more: Partial<ExecCommand> = {}): Promise<Ended> {
  made += 1;
  const execId = `exec-${process.pid}-${made}`;
  await sandbox.start(execId, { script, timeoutMs: 20_000, ...more });
  return follow(sandbox, execId);
}
