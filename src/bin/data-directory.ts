import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isNativeError } from 'node:util/types';
import { z } from 'zod';
import { StartError } from '../config/start-error.js';
import { readOrWriteOnce } from '../config/write-once.js';

/** A data directory that belongs to this process alone, until it closes it or dies. */
export interface DataDirectory {
  /** Absolute. */
  path: string;
  /** Random and stable: labels what is made on the machine for this directory, such as containers. */
  id: string;
  /** Tells a second server, and doctor, where the first one can be reached. */
  announce(url: string): void;
  close(): void;
}

export type Holder = z.infer<typeof holderSchema>;

/** Creates the directory (0700) when it is missing and takes its lock; throws a StartError that names the holder when it is taken. */
export function openDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  makeDirectory(path);
  const lock = takeLock(path);
  writeHolder(path, { pid: process.pid });
  return {
    path,
    id: readOrWriteOnce(join(path, 'id'), () => randomBytes(8).toString('hex')),
    announce: (url) => writeHolder(path, { pid: process.pid, url }),
    close: () => {
      rmSync(join(path, HOLDER), { force: true });
      lock.close();
    },
  };
}

/** Who holds the directory now, or undefined. Takes nothing and creates nothing. */
export function holderOf(directory: string): Holder | undefined {
  const path = resolve(directory);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(path, LOCK), { readOnly: true });
    lock.exec('SELECT count(*) FROM sqlite_schema');
    return undefined;
  } catch (error) {
    return isLocked(error) ? (readHolder(path) ?? { pid: 0 }) : undefined;
  } finally {
    lock?.close();
  }
}

const holderSchema = z.object({ pid: z.number(), url: z.string().optional() });
const LOCK = 'lock.db';
const HOLDER = 'server.json';
// Outlasts the moment in which `holderOf` reads the lock file.
const PATIENCE_MS = 250;
const SQLITE_BUSY = 5;

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(`the data directory ${path} cannot be made: ${reason(error)}`);
  }
}

// An open exclusive transaction is a lock of the kernel's: it ends with the process, whatever ends that, and needs no
// clean-up. Nothing is ever written to the file. No other code may open it: closing any descriptor of it in this
// process would drop the lock.
function takeLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(path, LOCK), { timeout: PATIENCE_MS });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    throw new StartError(
      isLocked(error) ? refusal(path) : `the data directory ${path} cannot be used: ${reason(error)}`,
    );
  }
}

function refusal(path: string): string {
  const holder = readHolder(path);
  const who = holder ? ` (pid ${holder.pid}${holder.url ? `, ${holder.url}` : ', still starting'})` : '';
  return `${path} is in use by another drover${who}: stop that one, or give this one another directory with --data`;
}

function isLocked(error: unknown): boolean {
  return isNativeError(error) && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function reason(error: unknown): string {
  return isNativeError(error) ? error.message : String(error);
}

function writeHolder(path: string, holder: Holder): void {
  const draft = join(path, `${HOLDER}.draft`);
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
  renameSync(draft, join(path, HOLDER));
}

function readHolder(path: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(join(path, HOLDER), 'utf8')));
  } catch {
    return undefined;
  }
}
