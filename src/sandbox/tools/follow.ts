import { SandboxLost, type ExecPoll, type Sandbox } from '../sandbox.js';

/** The worker lets go of a command that goes on running: a later attempt under the same id collects it. */
export class Detached extends Error {
  constructor() {
    super('detached from a running command');
    this.name = 'Detached';
  }
}

export interface Watch {
  /** Raised when this process is about to go: the command is left running. */
  detach: AbortSignal;
}

export type Ending =
  | { state: 'exited'; code: number; reason?: 'timeout' | 'interrupt' | 'memory' | 'disk'; size: number }
  | { state: 'lost'; size: number }
  /** The signal was raised and the command was told to end; it may take a moment longer than we wait. */
  | { state: 'interrupted'; size: number };

const POLL_MS = 2_000;
/** A command that ignores TERM gets KILL after a second: its result does not wait for that. */
const KILL_WAIT_MS = 400;
/** How long past its timeout a command may be before it is ended from outside. */
const OVERDUE_MS = 15_000;
/** Past every log: such a poll waits for the end and carries no output. */
const AT_THE_END = Number.MAX_SAFE_INTEGER;

/**
 * Waits until a started command has ended. Raising `interrupt` ends it. Throws Detached when told to let go, and
 * SandboxLost: then acquire the sandbox again, start under the same id (which runs nothing twice) and follow again.
 */
export async function follow(
  sandbox: Sandbox,
  execId: string,
  { detach, interrupt, timeoutMs }: Watch & { interrupt?: AbortSignal; timeoutMs: number },
): Promise<Ending> {
  const wake = interrupt ? AbortSignal.any([detach, interrupt]) : detach;
  const overdueAt = Date.now() + timeoutMs + OVERDUE_MS;
  for (;;) {
    if (detach.aborted) throw new Detached();
    if (interrupt?.aborted) return stop(sandbox, execId);
    if (Date.now() > overdueAt) await sandbox.kill(execId, 'timeout');
    const poll = await pollUntil(wake, sandbox, execId);
    if (poll && poll.state !== 'running') return ending(poll);
  }
}

/** The last `max` bytes of the first `size` bytes of a command's log. */
export async function readLog(sandbox: Sandbox, execId: string, size: number, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let offset = Math.max(0, size - max);
  while (offset < size) {
    const { chunk } = await sandbox.poll(execId, { offset, waitMs: 0, maxBytes: Math.min(size - offset, 1024 * 1024) });
    if (chunk.length === 0) break;
    chunks.push(chunk.subarray(0, size - offset));
    offset += chunk.length;
  }
  return Buffer.concat(chunks);
}

async function stop(sandbox: Sandbox, execId: string): Promise<Ending> {
  const killed = sandbox.kill(execId, 'interrupt');
  await Promise.race([killed, new Promise((resolve) => setTimeout(resolve, KILL_WAIT_MS))]);
  // Whatever comes of it later: its own timeout is the backstop.
  killed.catch(() => {});
  const poll = await sandbox.poll(execId, { offset: AT_THE_END, waitMs: 0 });
  return poll.state === 'running' ? { state: 'interrupted', size: poll.size } : ending(poll);
}

async function pollUntil(signal: AbortSignal, sandbox: Sandbox, execId: string): Promise<ExecPoll | undefined> {
  try {
    return await sandbox.poll(execId, { offset: AT_THE_END, waitMs: POLL_MS, signal });
  } catch (error) {
    if (signal.aborted && !(error instanceof SandboxLost)) return undefined;
    throw error;
  }
}

function ending(poll: Exclude<ExecPoll, { state: 'running' }>): Ending {
  const { size } = poll;
  switch (poll.state) {
    case 'exited':
      return { state: 'exited', code: poll.code, size, ...(poll.reason && { reason: poll.reason }) };
    case 'lost':
    // It was started, and nothing is known of it any more: the sandbox that knew is gone.
    case 'unknown':
      return { state: 'lost', size };
    default:
      return poll satisfies never;
  }
}
