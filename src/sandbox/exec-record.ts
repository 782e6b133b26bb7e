import { randomUUID } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncPath } from '../durable-files.js';
import { errorCode } from '../error-code.js';
import { assertSafeName, ignoreMissing, makeReadableDirectory, writeReadable, type Place } from './place.js';
import type { ExecCommand } from './sandbox.js';

/** What is known of every command that was ever started in a workspace, on the host's side. */
export interface ExecRecord {
  /** The generation in which it was started. */
  generation: number;
  /** It was started over a full disk, with leave to delete but not to write. */
  deletesOnly: boolean;
}

/**
 * Records that a command is about to be started, with all the runner needs to start it; false when its id is taken.
 * On disk when it resolves, so a command that may have run is never taken for one that did not.
 */
export async function claimExec(place: Place, execId: string, claim: ExecClaim): Promise<boolean> {
  assertSafeName(execId);
  const recorded = recordOf(place, execId);
  const draft = path.join(place.in, 'x', `.${randomUUID()}`);
  await makeReadableDirectory(draft);
  try {
    await writeDraft(draft, claim);
    // Onto a directory with files in it a rename fails: whoever comes first has the id.
    await rename(draft, recorded);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  await syncPath(path.dirname(recorded));
  return true;
}

export interface ExecClaim {
  command: ExecCommand;
  generation: number;
  /** Most KiB a file may grow to; 0 lets it write none. */
  fileKb: number;
}

/** Undoes a claim whose command certainly was not started. */
export async function dropClaim(place: Place, execId: string): Promise<void> {
  await rm(recordOf(place, execId), { recursive: true, force: true });
}

export async function readRecord(place: Place, execId: string): Promise<ExecRecord | undefined> {
  assertSafeName(execId);
  const text = await readFile(path.join(recordOf(place, execId), 'record'), 'utf8').catch(ignoreMissing);
  if (text === undefined) return undefined;
  const [generation, fileKb] = text.split(' ');
  return { generation: Number(generation), deletesOnly: fileKb === '0' };
}

/** Removes what only the start needed; the id stays taken. */
export async function shrinkRecord(place: Place, execId: string): Promise<void> {
  for (const name of ['script', 'args', 'stdin']) await rm(path.join(recordOf(place, execId), name), { force: true });
}

const recordOf = (place: Place, execId: string) => path.join(place.in, 'x', execId);

async function writeDraft(draft: string, { command, generation, fileKb }: ExecClaim): Promise<void> {
  const shell = command.shell ?? '-';
  if (command.shell !== undefined) assertSafeName(command.shell);
  const write = (name: string, content: string | Uint8Array) => writeReadable(path.join(draft, name), content);
  const timeoutMs = Math.max(1, Math.ceil(command.timeoutMs));
  await Promise.all([
    write('record', `${generation} ${fileKb}`),
    write('command', `${shell} ${command.restart ? 1 : 0} ${timeoutMs} ${fileKb}\n`),
    write('script', command.script),
    command.args && write('args', command.args.map((arg) => `${arg}\0`).join('')),
    command.stdin && write('stdin', command.stdin),
  ]);
}
