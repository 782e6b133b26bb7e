import { setTimeout as sleep } from 'node:timers/promises';
import { watchDirectory, type DirectoryWatch } from './directory-watch.js';
import type { DiskUse } from './disk-use.js';
import { hasMark, readEnd, readLog } from './exec-output.js';
import { readRecord, type ExecRecord } from './exec-record.js';
import { readGeneration, type Place } from './place.js';
import { isAlive, sendRequest } from './requests.js';
import { SandboxLost, type ExecPoll, type PollOptions } from './sandbox.js';

/** How often a waiting poll looks at the disk, and makes up for a change it was not told of. */
const sliceMs = 200;
const livenessMs = 1_000;
const gulpMs = 25;

/** `Sandbox.poll` for a command of this place. */
export async function pollExec(
  place: Place,
  diskUse: DiskUse,
  execId: string,
  options: PollOptions,
): Promise<ExecPoll> {
  const { offset, waitMs, maxBytes = 2 ** 20, signal } = options;
  const record = await readRecord(place, execId);
  if (!record) return { state: 'unknown', chunk: new Uint8Array(), offset, size: 0 };
  const look = () => lookAt(place, execId, record, offset, maxBytes);
  // Watched before the first look: what happens between the two is not missed.
  const watch = waitMs > 0 ? watchDirectory(place.out, `${execId}.`) : undefined;
  const until = performance.now() + waitMs;
  const isLost = createLossCheck(place);
  try {
    for (let isAwaited = false; ; isAwaited = true) {
      // Whoever died meanwhile may have written its end just before: so first the loss, then the look.
      const lost = await isLost();
      const seen = await look();
      if (seen.state !== 'running') return seen;
      if (lost) throw new SandboxLost(`the sandbox of ${place.key} is gone`);
      // An end does not wait for these: what has woken us is mostly that.
      if (isAwaited) {
        await askAgain(place, execId, record);
        await stopWhenFull(place, diskUse, execId, record);
      }
      const left = until - performance.now();
      if (!watch || left <= 0 || signal?.aborted) return seen;
      if (seen.chunk.length > 0) {
        await endOrPause(place, execId, watch);
        return await look();
      }
      await watch.next(Math.min(left, sliceMs), signal);
    }
  } finally {
    watch?.close();
  }
}

async function lookAt(
  place: Place,
  execId: string,
  record: ExecRecord,
  offset: number,
  maxBytes: number,
): Promise<ExecPoll> {
  // First the end, then the log: what is printed before the end is in it.
  const end = await readEnd(place, execId);
  const { chunk, size } = await readLog(place, execId, offset, maxBytes);
  const seen = { chunk, offset, size };
  if (end) return { ...seen, state: 'exited', ...end };
  return { ...seen, state: record.generation === (await readGeneration(place)) ? 'running' : 'lost' };
}

/** Tells whether the sandbox is gone, by a look at most once a second. */
function createLossCheck(place: Place): () => Promise<boolean> {
  let checkedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - checkedAt < livenessMs) return false;
    checkedAt = performance.now();
    return !(await isAlive(place));
  };
}

// Output is taken in gulps: a command that prints without end must not keep its reader busy with every line.
async function endOrPause(place: Place, execId: string, watch: DirectoryWatch): Promise<void> {
  const until = performance.now() + gulpMs;
  while (performance.now() < until && !(await readEnd(place, execId))) {
    await watch.next(Math.max(0, until - performance.now()));
    await sleep(1);
  }
}

/** A runner makes the log as soon as it has seen the request, and starts an id once. */
async function askAgain(place: Place, execId: string, record: ExecRecord): Promise<void> {
  if (await hasMark(place, execId, 'log')) return;
  if (record.generation === (await readGeneration(place))) await sendRequest(place, `run ${execId}`);
}

async function stopWhenFull(place: Place, diskUse: DiskUse, execId: string, record: ExecRecord): Promise<void> {
  await diskUse.refresh();
  if (diskUse.isFull && !record.deletesOnly) await sendRequest(place, `kill ${execId} disk`);
}
