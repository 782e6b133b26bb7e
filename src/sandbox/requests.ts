import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chown, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode } from '../error-code.js';
import { sandboxOwner, type Place } from './place.js';
import { SandboxLost } from './sandbox.js';

const requestsOf = (place: Place) => path.join(place.in, 'requests');

/** Makes the FIFO on which a new runner will take requests. The old one's unread requests are gone with it. */
export async function createRequests(place: Place): Promise<void> {
  const fifo = requestsOf(place);
  await rm(fifo, { force: true });
  await promisify(execFile)('mkfifo', ['-m', '600', fifo]);
  const { uid, gid } = sandboxOwner();
  await chown(fifo, uid, gid);
}

/** Whether a runner has its FIFO open. Only the sandbox can open it, and the kernel closes it with the last process there. */
export async function isAlive(place: Place): Promise<boolean> {
  const fifo = await openRequests(place);
  await fifo?.close();
  return fifo !== undefined;
}

/**
 * Hands one request to the runner, which may miss it: send it again until its effect shows. When it throws SandboxLost
 * the runner has not seen it and never will.
 */
export async function sendRequest(place: Place, line: string): Promise<void> {
  const fifo = await openRequests(place);
  if (!fifo) throw new SandboxLost(`the sandbox of ${place.key} is gone`);
  try {
    await writeWhole(fifo, Buffer.from(`\n${line}\n`));
  } catch (error) {
    if (errorCode(error) === 'EPIPE') throw new SandboxLost(`the sandbox of ${place.key} is gone`);
    throw error;
  } finally {
    await fifo.close();
  }
}

async function openRequests(place: Place): Promise<FileHandle | undefined> {
  try {
    return await open(requestsOf(place), constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    // ENXIO: nobody reads it.
    if (errorCode(error) === 'ENXIO' || errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

// A request is shorter than PIPE_BUF, so it goes in whole or not at all.
async function writeWhole(fifo: FileHandle, request: Buffer): Promise<void> {
  for (;;) {
    try {
      await fifo.write(request);
      return;
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      await sleep(5);
    }
  }
}
