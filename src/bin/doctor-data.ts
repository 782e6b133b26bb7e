import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/config.js';
import { holderOf } from './data-directory.js';
import type { Finding } from './doctor-finding.js';

/** Whether the data directory can be written, and who holds it. */
export function checkDataDirectory({ dataDir }: Config): Finding {
  const what = 'Data directory';
  const holder = holderOf(dataDir);
  if (holder) {
    const where = holder.url === undefined ? '' : ` at ${holder.url}`;
    return { state: 'note', what, found: `${dataDir}, in use by a running drover (pid ${holder.pid})${where}` };
  }
  try {
    accessSync(nearest(dataDir), constants.W_OK | constants.X_OK);
  } catch {
    return { state: 'missing', what, found: `${dataDir} cannot be written`, mend: 'give another one with --data' };
  }
  return { state: 'ok', what, found: existsSync(dataDir) ? dataDir : `${dataDir} (made at first start)` };
}

/** Whether the data directory's disk has room. */
export async function checkDisk({ dataDir }: Config): Promise<Finding> {
  const what = 'Disk';
  const { bavail, bsize } = await statfs(nearest(dataDir));
  const free = bavail * bsize;
  const found = `${(free / GIB).toFixed(1)} GiB free for ${dataDir}`;
  const mend = 'free some space, or give a directory on another disk with --data';
  if (free < LEAST_BYTES) return { state: 'missing', what, found, mend };
  return free < GIB ? { state: 'note', what, found, mend } : { state: 'ok', what, found };
}

const GIB = 1024 ** 3;
const LEAST_BYTES = 200 * 1024 ** 2;

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}
