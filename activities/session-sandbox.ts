import type { Mounts } from '../src/mounts/mounts.js';
import type { Sandbox, Sandboxes, SandboxSpec } from '../src/sandbox/sandbox.js';

export interface SandboxDeps {
  sandboxes: Sandboxes;
  spec: SandboxSpec;
  mounts: Mounts;
}

/** The session's sandbox, with all that it is to hold in its place. */
export async function acquireSandbox({ sandboxes, spec, mounts }: SandboxDeps, sessionId: string): Promise<Sandbox> {
  return sandboxes.acquire(sessionId, { ...spec, mounts: await mounts.prepare(sessionId) });
}
