import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Backend, containersOf, removeContainers } from './backends.js';
import { processesOf } from './processes.js';

/** What a Drover keeps on the machine beside itself and its Temporal server. */
export interface Kept {
  processes: number[];
  containers: string[];
}

interface Where {
  dataDir: string;
  backend: Backend;
}

export function keptBy({ dataDir, backend }: Where, own: number[]): Kept {
  // Made at its first start; without it there is no container yet.
  const idFile = join(dataDir, 'id');
  return {
    processes: processesOf(dataDir, own),
    containers:
      backend.name === 'docker' && existsSync(idFile) ? containersOf(readFileSync(idFile, 'utf8').trim()) : [],
  };
}

/** Sandboxes outlive their server on purpose, and Temporal a server that was killed; the bench's go. */
export function removeKept(where: Where): void {
  const { processes, containers } = keptBy(where, []);
  for (const pid of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended with another one.
    }
  }
  removeContainers(containers);
}
