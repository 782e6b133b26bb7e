import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../../src/sandbox/place.js';

/** What can be seen of a session's sandbox from outside, and put into it. */
export interface SandboxFiles {
  /** Its workspace, on this machine. */
  readonly workspace: string;
  /** A file of the workspace; empty while there is none. */
  file(name: string): string;
  /** Makes an empty file in the workspace: what a command waits for with `untilThere`. */
  put(name: string): void;
  /** What its commands have printed that outlives the sandbox's processes: a pipe's content does not. */
  printed(): string;
}

export function sandboxFiles(dataDir: string, sessionId: string): SandboxFiles {
  const { workspace, out } = placeOf(join(dataDir, 'sandboxes'), sessionId);
  return {
    workspace,
    file(name) {
      const path = join(workspace, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    },
    put: (name) => writeFileSync(join(workspace, name), ''),
    printed() {
      const logs = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.log')) : [];
      return logs.map((name) => readFileSync(join(out, name), 'utf8')).join('');
    },
  };
}

/** A piece of a command in the workspace that waits until a file is there: for as long as the test needs, no longer. */
export function untilThere(name: string): string {
  return `until [ -e /workspace/${name} ]; do sleep 0.05; done`;
}
