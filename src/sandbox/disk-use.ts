import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Place } from './place.js';

/** How much a sandbox has written, kept current at little cost. */
export interface DiskUse {
  /** Whether it was over its limit when last measured. */
  readonly isFull: boolean;
  /** Measures again if the disk has lost enough since the last time for the answer to differ. */
  refresh(): Promise<void>;
  /** Measures now. */
  measure(): Promise<void>;
}

const reviewMs = 10_000;

/** Logs that nobody has collected yet do not count, up to here. */
const logBytes = 512 * 2 ** 20;

/** Counts everything commands can write to: workspace, session files, home, `mounted`, and more logs than can be accounted for. */
export function watchDiskUse(place: Place, diskMb: number, mounted: readonly string[]): DiskUse {
  const limit = diskMb * 2 ** 20;
  let used = 0;
  let freeThen = 0;
  let measuredAt = 0;
  let nextAt = 0;
  let running: Promise<void> | undefined;

  async function measure(): Promise<void> {
    const startedAt = Date.now();
    freeThen = await freeBytes(place.directory);
    used = await usedBytes(place, mounted);
    measuredAt = Date.now();
    // At most a tenth of the time goes into measuring.
    nextAt = measuredAt + Math.max(100, (measuredAt - startedAt) * 10);
  }

  async function refresh(): Promise<void> {
    const now = Date.now();
    if (now < nextAt) return;
    const lost = freeThen - (await freeBytes(place.directory));
    if (used > limit || lost > (limit - used) / 4 || now - measuredAt > reviewMs) await measure();
  }

  return {
    get isFull() {
      return used > limit;
    },
    refresh: () => (running ??= refresh().finally(() => (running = undefined))),
    measure,
  };
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

// du follows no links. It complains of files that vanish while it counts; its figures stand all the same.
async function usedBytes({ workspace, session, home, out }: Place, mounted: readonly string[]): Promise<number> {
  const args = ['-s', '-B1', '-x', '--', workspace, session, home, ...mounted, out];
  const { stdout } = await promisify(execFile)('du', args).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }));
  const sizes = stdout.split('\n').map((line) => {
    const [size, directory] = line.split('\t');
    return directory === out ? Math.max(0, Number(size) - logBytes) : Number(size);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}
