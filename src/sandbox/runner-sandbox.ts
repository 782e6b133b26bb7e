import { setTimeout as sleep } from 'node:timers/promises';
import { watchDirectory } from './directory-watch.js';
import type { DiskUse } from './disk-use.js';
import { hasMark, readEnd, readLog, removeLog } from './exec-output.js';
import { claimExec, dropClaim, readRecord, shrinkRecord, type ExecRecord } from './exec-record.js';
import { readGeneration, type Place } from './place.js';
import { isAlive, sendRequest } from './requests.js';
import { SandboxLost, type ExecCommand, type ExecPoll, type PollOptions, type Sandbox } from './sandbox.js';
import { getTar, putTar } from './tar-transfer.js';

interface RunnerSandboxOptions {
  place: Place;
  generation: number;
  diskMb: number;
  diskUse: DiskUse;
}

/** A sandbox whose commands are carried out by `runner.sh`, whatever technology holds it. */
export function createRunnerSandbox({ place, generation, diskMb, diskUse }: RunnerSandboxOptions): Sandbox {
  const lost = () => new SandboxLost(`the sandbox of ${place.key} (generation ${generation}) is gone`);

  async function start(execId: string, command: ExecCommand): Promise<void> {
    if ((await readGeneration(place)) !== generation || !(await isAlive(place))) throw lost();
    if (diskUse.isFull) await diskUse.refresh();
    const fileKb = diskUse.isFull ? 0 : diskMb * 1024;
    if (!(await claimExec(place, execId, { command, generation, fileKb }))) return startAgain(execId);
    await sendRequest(place, `run ${execId}`).catch(async (error: unknown) => {
      // The runner has not seen it, so the id is free for the next sandbox.
      await dropClaim(place, execId);
      throw error;
    });
  }

  // Whoever claimed the id may have died before the runner was asked. The runner starts an id once at most.
  async function startAgain(execId: string): Promise<void> {
    const record = await readRecord(place, execId);
    if (record?.generation !== generation || (await hasMark(place, execId, 'log'))) return;
    await sendRequest(place, `run ${execId}`);
  }

  async function look(execId: string, record: ExecRecord, offset: number, maxBytes: number): Promise<ExecPoll> {
    // First the end, then the log: what is printed before the end is in it.
    const end = await readEnd(place, execId);
    const { chunk, size } = await readLog(place, execId, offset, maxBytes);
    const seen = { chunk, offset, size };
    if (end) return { ...seen, state: 'exited', ...end };
    if (record.generation !== (await readGeneration(place))) return { ...seen, state: 'lost' };
    return { ...seen, state: 'running' };
  }

  async function poll(execId: string, options: PollOptions): Promise<ExecPoll> {
    const { offset, waitMs, maxBytes = 2 ** 20, signal } = options;
    const record = await readRecord(place, execId);
    if (!record) return { state: 'unknown', chunk: new Uint8Array(), offset, size: 0 };
    const until = performance.now() + waitMs;
    const watch = waitMs > 0 ? watchDirectory(place.out, `${execId}.`) : undefined;
    let aliveAt = Number.NEGATIVE_INFINITY;
    let settled = false;
    try {
      for (;;) {
        let seen = await look(execId, record, offset, maxBytes);
        if (seen.state !== 'running') return seen;
        if (performance.now() - aliveAt > livenessMs) {
          seen = (await isAlive(place)) ? seen : await look(execId, record, offset, maxBytes);
          if (seen.state !== 'running') return seen;
          if (!(await isAlive(place))) throw lost();
          aliveAt = performance.now();
        }
        const left = until - performance.now();
        if (!watch || left <= 0 || signal?.aborted || (seen.chunk.length > 0 && settled)) return seen;
        settled = seen.chunk.length > 0;
        await (settled ? endOrPause(execId, watch) : watch.next(Math.min(left, sliceMs), signal));
        await checkDisk(execId, record);
      }
    } finally {
      watch?.close();
    }
  }

  async function checkDisk(execId: string, record: ExecRecord): Promise<void> {
    await diskUse.refresh();
    if (diskUse.isFull && !record.deletesOnly) await sendRequest(place, `kill ${execId} disk`);
  }

  // Output is taken in gulps: a command that prints without end must not keep its reader busy with every line.
  async function endOrPause(execId: string, watch: { next(ms: number): Promise<void> }): Promise<void> {
    const until = performance.now() + gulpMs;
    while (performance.now() < until && !(await readEnd(place, execId))) {
      await watch.next(until - performance.now());
      if (performance.now() < until) await sleep(2);
    }
  }

  async function kill(execId: string, why: 'timeout' | 'interrupt'): Promise<void> {
    const record = await readRecord(place, execId);
    if (record?.generation !== (await readGeneration(place)) || !(await isAlive(place))) return;
    const watch = watchDirectory(place.out, `${execId}.`);
    try {
      await sendRequest(place, `kill ${execId} ${why}`);
      while (!(await hasMark(place, execId, 'killed')) && (await isAlive(place))) await watch.next(sliceMs);
    } finally {
      watch.close();
    }
  }

  async function forget(execId: string): Promise<void> {
    await removeLog(place, execId);
    await shrinkRecord(place, execId);
  }

  const sandbox: Sandbox = {
    key: place.key,
    generation,
    start,
    poll,
    kill,
    forget,
    putTar: (path, tar) => putTar(sandbox, place, path, tar),
    getTar: (path, maxBytes) => getTar(sandbox, place, path, maxBytes),
  };
  return sandbox;
}

/** How often a waiting poll looks at the disk, and makes up for a change it was not told of. */
const sliceMs = 200;
const livenessMs = 1_000;
const gulpMs = 25;
