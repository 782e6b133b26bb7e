import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/**
 * When a process was started, in its system's own words: with the pid it names one process for ever. Undefined when
 * there is none, or only a zombie.
 */
export function startTimeOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
}

/** The pid of a Temporal server that was started on this database, by its command line. Linux only; elsewhere undefined. */
export function findByDatabase(database: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => readIfThere(`/proc/${pid}/cmdline`).includes(`\0--db-filename\0${database}\0`));
}

function startTimeFromProc(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The command's name comes second, in parentheses, and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]];
  // A zombie with threads left is still dying: it holds its ports and locks.
  return /[ZX]/.test(state ?? '') && Number(threads) <= 1 ? undefined : startTime;
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
