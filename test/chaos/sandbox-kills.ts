import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Drover } from '../support/drover-process.js';

const run = promisify(execFile);

/** Kills every process of a session's sandbox, as a person or the kernel would: without asking Drover. */
export async function killSandbox(drover: Drover, backend: 'docker' | 'bubblewrap', sessionId: string): Promise<void> {
  if (backend === 'docker') return docker('kill', containerOf(drover, sessionId));
  const file = join(drover.dataDir, 'sandboxes', sessionId, 'host/process.json');
  // Written by Drover: the first process of the sandbox's own pid namespace, which takes all others with it.
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  process.kill(pid, 'SIGKILL');
  return undefined;
}

/** Removes a session's container, running or not. */
export function removeContainer(drover: Drover, sessionId: string): Promise<void> {
  return docker('rm', '--force', containerOf(drover, sessionId));
}

function containerOf(drover: Drover, sessionId: string): string {
  const dataId = readFileSync(join(drover.dataDir, 'id'), 'utf8').trim();
  return `drover-${dataId}-${sessionId}`;
}

async function docker(...args: string[]): Promise<void> {
  await run('docker', args);
}
