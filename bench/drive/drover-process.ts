import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Child, startChild } from './child.js';
import type { Backend } from './backends.js';
import { removeKept } from './sandbox-count.js';

export interface DroverOptions {
  upstreamUrl: string;
  backend: Backend;
  env?: NodeJS.ProcessEnv;
}

/** A `drover serve` of its own process, on a data directory of its own. */
export interface DroverProcess {
  readonly url: string;
  readonly child: Child;
  readonly dataDir: string;
  readonly backend: Backend;
  readonly apiKey: string;
  /** `host:port` of its Temporal server, and that server's pid. */
  temporal(): { address: string; pid: number };
  /** Starts it again, on the same port, after `child.kill()` or `child.stop()`. */
  restart(): Promise<void>;
  /** Ends it with its Temporal server and sandboxes, also when it was killed, and removes its directory. */
  stop(): Promise<void>;
}

/** Compiled to `dist/bench/drive`. */
const LAUNCHER = resolve(__dirname, '../../../bin/drover.js');
const API_KEY = 'sk-bench';

export async function startDrover(options: DroverOptions): Promise<DroverProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drover-bench-'));
  let child: Child;
  try {
    child = await launch(options, dataDir, '0');
  } catch (error) {
    removeKept({ dataDir, backend: options.backend });
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  const { url } = child;
  return {
    url,
    dataDir,
    apiKey: API_KEY,
    backend: options.backend,
    get child() {
      return child;
    },
    temporal: () => readTemporal(dataDir),
    async restart() {
      child = await launch(options, dataDir, new URL(url).port);
    },
    async stop() {
      await child.stop();
      removeKept({ dataDir, backend: options.backend });
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function launch({ upstreamUrl, backend, env }: DroverOptions, dataDir: string, port: string): Promise<Child> {
  const args = ['serve', '--port', port, '--data', dataDir, '--sandbox', backend.name, '--model', 'anthropic'];
  return startChild({
    name: `drover (${backend.name})`,
    args: [LAUNCHER, ...args],
    ready: 'drover ready at ',
    env: {
      ...process.env,
      ANTHROPIC_API_KEY: 'sk-upstream',
      DROVER_API_KEY: API_KEY,
      DROVER_UPSTREAM_URL: upstreamUrl,
      ...backend.env,
      ...env,
    },
  });
}

function readTemporal(dataDir: string): { address: string; pid: number } {
  // Written by the server that was started above, which is ready.
  const record: { port: number; process: { pid: number } } = JSON.parse(
    readFileSync(join(dataDir, 'temporal.json'), 'utf8'),
  );
  return { address: `127.0.0.1:${record.port}`, pid: record.process.pid };
}
