import { createHash } from 'node:crypto';
import { type BigIntStats, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Outputs, SessionOutputs } from '../catalog/files/outputs.js';
import { OUTPUTS } from '../sandbox/sandbox.js';
import type { MountPart } from './mounts.js';
import { type Found, walk, type WalkLimits } from './walk.js';

export interface OutputsDeps {
  /** The directory of this machine that is `/mnt/session` in the session's sandbox. */
  directoryOf: (sessionId: string) => string;
  outputs: Outputs;
  limits?: OutputLimits;
}

/** Of one session. Files beyond them are as if they were not there. */
interface OutputLimits {
  files: number;
  bytesOfAll: number;
  bytesOfOne: number;
  walk: WalkLimits;
}

const OUTPUT_LIMITS: OutputLimits = {
  files: 500,
  bytesOfAll: 5 * 2 ** 30,
  bytesOfOne: 500 * 2 ** 20,
  walk: { depth: 16, entries: 10_000 },
};
/** Every store's index takes so much. */
const LONGEST_PATH_BYTES = 2_048;

/** Files below `/mnt/session/outputs` are files of the session: as they are there, so they are listed. */
export function createOutputsPart({ directoryOf, outputs, limits = OUTPUT_LIMITS }: OutputsDeps): MountPart {
  /** What each session's directory showed when all of it had been taken in. */
  const seen = new Map<string, string>();
  return {
    prepare: async () => [],
    async collect(sessionId) {
      // Where a session's files are not on this machine, nobody has removed them.
      if (!existsSync(directoryOf(sessionId))) return;
      const directory = join(directoryOf(sessionId), 'outputs');
      const { paths, shows } = await look(directory, limits);
      if (shows !== undefined && seen.get(sessionId) === shows) return;
      seen.delete(sessionId);
      await outputs.update(sessionId, async (session) => {
        await dropOthers(paths, session);
        await takeIn(directory, session, limits);
        if (shows !== undefined) seen.set(sessionId, shows);
        const oldest = seen.keys().next().value;
        if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
      });
    },
    describe: async () =>
      `What you make for the user goes into ${OUTPUTS}: the user gets the files there, and no others.`,
    remove: async (sessionId) => void seen.delete(sessionId),
  };
}

const REMEMBERED = 10_000;

interface Look {
  /** Of what may be taken in. */
  paths: ReadonlySet<string>;
  /** The same for the same files; undefined while something is so new that it cannot be told from what follows. */
  shows: string | undefined;
}

async function look(directory: string, limits: OutputLimits): Promise<Look> {
  const paths = new Set<string>();
  const stamps: string[] = [];
  let settled = true;
  for await (const { path, stat } of walk(directory, limits.walk)) {
    settled &&= isSettled(stat);
    stamps.push(`${path} ${stampOf(stat)}`);
    if (isOutput(path, stat, limits)) paths.add(path);
  }
  const shows = createHash('sha256').update(stamps.toSorted().join('\n')).digest('hex');
  return { paths, shows: settled ? shows : undefined };
}

function isOutput(path: string, { size }: BigIntStats, { bytesOfOne }: OutputLimits): boolean {
  return size <= bytesOfOne && !IN_THE_MAKING.test(path) && Buffer.byteLength(path) <= LONGEST_PATH_BYTES;
}

/** First: what has gone leaves room for what has come. */
async function dropOthers(paths: ReadonlySet<string>, session: SessionOutputs): Promise<void> {
  for (const path of session.known.keys()) if (!paths.has(path)) await session.drop(path);
}

async function takeIn(directory: string, session: SessionOutputs, limits: OutputLimits): Promise<void> {
  const room = roomBeside(session, limits);
  for await (const found of walk(directory, limits.walk)) {
    const known = session.known.get(found.path);
    if (!isOutput(found.path, found.stat, limits) || known?.stamp === stampOf(found.stat)) continue;
    if (room.take(known, Number(found.stat.size))) await takeFile(found, session);
    else if (known) await session.drop(found.path);
  }
}

/** What the tool `write` has not put in its place yet. */
const IN_THE_MAKING = /(^|\/)\.tmp-\d+-\d+$/;

/** What is left of the limits beside the files that are known. One that has changed has what it had, and what it needs now. */
function roomBeside({ known }: SessionOutputs, { files, bytesOfAll }: OutputLimits) {
  let filesLeft = files - known.size;
  let bytesLeft = [...known.values()].reduce((left, { size_bytes }) => left - size_bytes, bytesOfAll);
  return {
    take(before: { size_bytes: number } | undefined, size: number): boolean {
      if (before) {
        filesLeft += 1;
        bytesLeft += before.size_bytes;
      }
      if (filesLeft < 1 || bytesLeft < size) return false;
      filesLeft -= 1;
      bytesLeft -= size;
      return true;
    },
  };
}

async function takeFile(found: Found, session: SessionOutputs): Promise<void> {
  const file = await found.open();
  if (!file) return;
  try {
    const before = await file.stat({ bigint: true });
    // It has grown since it was found: the next look is at what it is then.
    if (before.size > found.stat.size) return;
    const end = Number(before.size) - 1;
    const bytes = end < 0 ? [] : file.createReadStream({ start: 0, end, autoClose: false });
    await session.put(found.path, {
      stamp: isSettled(before) ? stampOf(before) : 'just written',
      bytes: toAsync(bytes),
      isWhole: async () => stampOf(await file.stat({ bigint: true })) === stampOf(before),
    });
  } finally {
    await file.close();
  }
}

/** The agent can set a file's time of modification back, but not that of its last change. */
function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}

/** Two changes in one tick of the file system's clock look like one: what has just changed is looked at again. */
function isSettled({ ctimeMs }: BigIntStats): boolean {
  return Date.now() - Number(ctimeMs) > TICK_MS;
}

const TICK_MS = 50;

async function* toAsync(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes;
}
