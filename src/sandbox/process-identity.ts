import { readFile, stat } from 'node:fs/promises';

/** A process that is told from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to its start, and the boot. */
  started: string;
}

/** Undefined when there is no such process. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const [line, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined),
    readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
  ]);
  if (line === undefined) return undefined;
  // The name, in parentheses, may hold anything; 20 fields after it comes the start time.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, started: `${fields[19]}@${boot.trim()}` };
}

/** Kills that process and no other; resolves when it is gone. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  while (await isRunning(identity)) {
    try {
      process.kill(identity.pid, 'SIGKILL');
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}

/** Whether a path is there for us to see. */
export const exists = async (file: string): Promise<boolean> => (await stat(file).catch(() => undefined)) !== undefined;
