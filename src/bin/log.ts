import { setTimeout as sleep } from 'node:timers/promises';
import { type Flags, readConfig } from '../config/config.js';
import { StartError } from '../config/start-error.js';
import { createBus } from '../session/bus.js';
import { erase } from '../session/projection.js';
import { readProjected } from '../session/projected.js';
import { catchUp, loadPlace } from '../session/reading.js';
import { readThreadLog, type ThreadLog } from '../session/thread-log.js';
import { type Projected, verify } from '../session/verify.js';
import { openDatabase, openProjectionToRead } from '../storage/open.js';
import { type LogAccess, withLogAccess } from './log-access.js';
import { describeEntry } from './log-line.js';

type Print = (line: string) => void;

/** Prints a session's log as its Temporal history tells it, one line an entry. Reads no projection, changes nothing. */
export async function showLog(flags: Flags, sessionId: string, { json = false }, print: Print): Promise<void> {
  await access(flags, false, async (at) => {
    const { entries } = await historyOf(at, sessionId);
    for (const entry of entries) print(json ? JSON.stringify(entry) : describeEntry(entry));
  });
}

/** Prints each difference between history and projection and each broken invariant; whether there is none. Changes nothing. */
export async function verifyLog(flags: Flags, sessionId: string, print: Print): Promise<boolean> {
  return access(flags, false, async (at) => {
    const [projected, log] = await readBoth(at, sessionId);
    const differences = verify(log, projected);
    const behind = log.entries.length - projected.seq;
    if (behind > 0) {
      differences.push(
        `the projection is behind: it lacks the last ${behind} of ${log.entries.length} entries ` +
          '(a server reads them when the session is next asked for; `drover log rebuild` reads them now)',
      );
    }
    for (const line of differences) print(line);
    if (differences.length === 0) {
      print(
        `ok: ${log.entries.length} entries, ${projected.list.length} events listed, the same in history and projection`,
      );
    }
    return differences.length === 0;
  });
}

/** Drops a session's rows of the projection and makes them again from history. No server may run on the directory. */
export async function rebuildLog(flags: Flags, sessionId: string, print: Print): Promise<void> {
  await access(flags, true, async ({ history, blobs, database }) => {
    if ((await history.firstRun(sessionId)) === undefined) throw unknown(sessionId);
    const db = await openDatabase(database);
    try {
      const deps = { db, history, blobs, bus: createBus() };
      await erase(db, sessionId);
      const place = await loadPlace(deps, sessionId);
      if (place) await catchUp(deps, place, new AbortController().signal);
      print(`rebuilt from history: ${place?.cursor.seq ?? 0} entries`);
    } finally {
      await db.destroy();
    }
  });
}

/** A server projects what is committed within milliseconds. */
const PATIENCE_MS = 3_000;
const RETRY_MS = 100;

/** The projection first: history is then at least as far. */
async function readBoth(at: LogAccess, sessionId: string): Promise<[Projected, ThreadLog]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const projected = await projectedOf(at, sessionId);
    const log = await historyOf(at, sessionId);
    if (!at.isServed || projected.seq >= log.entries.length || Date.now() > deadline) return [projected, log];
    await sleep(RETRY_MS);
  }
}

async function projectedOf({ database }: LogAccess, sessionId: string): Promise<Projected> {
  const db = await openProjectionToRead(database);
  if (db === undefined) return { seq: 0, rows: [], list: [], state: undefined };
  try {
    return await readProjected(db, sessionId);
  } finally {
    await db.destroy();
  }
}

async function historyOf(at: LogAccess, sessionId: string): Promise<ThreadLog> {
  const log = await readThreadLog(at, sessionId).catch((error: unknown) => {
    throw new StartError(`the history of ${sessionId} cannot be decoded: ${String(error)}`);
  });
  if (log === undefined) throw unknown(sessionId);
  return log;
}

function unknown(sessionId: string): StartError {
  return new StartError(`Temporal has no history of a session ${sessionId}`);
}

function access<T>(flags: Flags, alone: boolean, act: (access: LogAccess) => Promise<T>): Promise<T> {
  return withLogAccess(readConfig(process.env, flags), { alone, note: (line) => console.error(line) }, act);
}
