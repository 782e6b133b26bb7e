import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './drover-process.js';

/** The official SDK's EnvironmentWorker with its own tools, in a process and a directory of its own. */
export interface EnvironmentWorker {
  workdir: string;
  /** SIGKILL: it says nothing to anybody. */
  kill(): Promise<void>;
}

export interface EnvironmentWorkerOptions {
  url: string;
  environment_id: string;
  key: string;
  /** Of a worker before; default: a new one. */
  workdir?: string;
}

const PROGRAM = `
const { Anthropic } = require('@anthropic-ai/sdk');
const { URL: baseURL, ENVIRONMENT: environmentId, KEY: environmentKey, WORKDIR: workdir } = process.env;
const client = new Anthropic({ apiKey: null, authToken: environmentKey, baseURL, logLevel: 'off' });
client.beta.environments.work.worker({ environmentId, environmentKey, workdir, maxIdleMs: 2000 })
  .run()
  .catch((error) => { console.error(error); process.exitCode = 1; });
`;

export function startEnvironmentWorker(options: EnvironmentWorkerOptions): EnvironmentWorker {
  const { url, environment_id, key, workdir = mkdtempSync(join(tmpdir(), 'drover-worker-')) } = options;
  const child = spawn(process.execPath, ['-e', PROGRAM], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], URL: url, ENVIRONMENT: environment_id, KEY: key, WORKDIR: workdir },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { workdir, kill };
}
