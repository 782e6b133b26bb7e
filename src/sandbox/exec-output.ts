import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../error-code.js';
import type { Place } from './place.js';

/** How a command ended, as the runner wrote it down. */
export interface ExecEnd {
  code: number;
  reason?: 'timeout' | 'interrupt' | 'memory' | 'disk';
}

const reasons = ['timeout', 'interrupt', 'memory', 'disk'] as const;

/** Undefined while the command has not ended. */
export async function readEnd(place: Place, execId: string): Promise<ExecEnd | undefined> {
  const bytes = await readInside(place, `${execId}.exit`, 0, 256);
  const line = /^(\d{1,3}) (\w*)\n/.exec(bytes?.chunk.toString('latin1') ?? '');
  if (!line) return undefined;
  const reason = reasons.find((known) => known === line[2]);
  return { code: Number(line[1]), ...(reason && { reason }) };
}

/** Up to `maxBytes` of the command's log from `offset`, and the log's size. */
export async function readLog(
  place: Place,
  execId: string,
  offset: number,
  maxBytes: number,
): Promise<{ chunk: Buffer; size: number }> {
  return (await readInside(place, `${execId}.log`, offset, maxBytes)) ?? { chunk: Buffer.alloc(0), size: 0 };
}

/** Whether the runner has left this mark for a command. */
export async function hasMark(place: Place, execId: string, mark: 'killed' | 'log'): Promise<boolean> {
  const file = await openInside(place, `${execId}.${mark}`);
  await file?.close();
  return file !== undefined;
}

export async function removeLog(place: Place, execId: string): Promise<void> {
  await rm(path.join(place.out, `${execId}.log`), { force: true });
}

/**
 * Opens a file of `out` for reading. Commands can put there what they like, so links are not followed, a FIFO does
 * not block, and what is no plain file does not exist. `out` itself is a mount inside and cannot be replaced.
 */
export async function openInside(place: Place, name: string): Promise<FileHandle | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path.join(place.out, name), flags).catch(ignoreAbsent);
  if (!file) return undefined;
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

// ELOOP: a link; ENXIO: a socket; EACCES: a file whose mode was taken away from a server that is not root.
const ignoreAbsent = (error: unknown): undefined => {
  if (['ENOENT', 'ELOOP', 'ENXIO', 'EACCES'].includes(errorCode(error) ?? '')) return undefined;
  throw error;
};

async function readInside(place: Place, name: string, offset: number, maxBytes: number) {
  const file = await openInside(place, name);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const chunk = Buffer.alloc(Math.max(0, Math.min(maxBytes, size - offset)));
    const { bytesRead } = chunk.length > 0 ? await file.read(chunk, 0, chunk.length, offset) : { bytesRead: 0 };
    return { chunk: chunk.subarray(0, bytesRead), size };
  } finally {
    await file.close();
  }
}
