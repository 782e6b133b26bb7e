import { watchDirectory } from './directory-watch.js';
import type { DiskUse } from './disk-use.js';
import { pollExec } from './exec-poll.js';
import { hasMark, removeLog } from './exec-output.js';
import { claimExec, dropClaim, readRecord, shrinkRecord } from './exec-record.js';
import { readGeneration, type Place } from './place.js';
import { isAlive, sendRequest } from './requests.js';
import { SandboxLost, type ExecCommand, type Sandbox } from './sandbox.js';
import { getTar, putTar } from './tar-transfer.js';

interface RunnerSandboxOptions {
  place: Place;
  generation: number;
  diskMb: number;
  diskUse: DiskUse;
}

const ASK_AGAIN_MS = 100;

/** A sandbox whose commands are carried out by `runner.sh`, whatever technology holds it. */
export function createRunnerSandbox({ place, generation, diskMb, diskUse }: RunnerSandboxOptions): Sandbox {
  const lost = () => new SandboxLost(`the sandbox of ${place.key} (generation ${generation}) is gone`);

  async function start(execId: string, command: ExecCommand): Promise<void> {
    const [present, runs] = await Promise.all([readGeneration(place), isAlive(place)]);
    if (present !== generation || !runs) throw lost();
    if (diskUse.isFull) await diskUse.measure();
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

  async function kill(execId: string, why: 'timeout' | 'interrupt'): Promise<void> {
    const record = await readRecord(place, execId);
    if (record?.generation !== (await readGeneration(place)) || !(await isAlive(place))) return;
    const watch = watchDirectory(place.out, `${execId}.`);
    try {
      while (!(await hasMark(place, execId, 'killed')) && (await isAlive(place))) {
        await sendRequest(place, `kill ${execId} ${why}`);
        await watch.next(ASK_AGAIN_MS);
      }
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
    poll: (execId, options) => pollExec(place, diskUse, execId, options),
    kill,
    forget,
    putTar: (path, tar) => putTar(sandbox, place, path, tar),
    getTar: (path, maxBytes) => getTar(sandbox, place, path, maxBytes),
  };
  return sandbox;
}
