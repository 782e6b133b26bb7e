import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import type { Outputs, SessionOutputs } from '../catalog/files/outputs.js';
import type { MountPart } from './mounts.js';
import { type Found, walk } from './walk.js';

/** Where an agent puts what it has made for the user. */
const OUTPUTS = '/mnt/session/outputs';

export interface OutputsDeps {
  /** The directory of this machine that is `/mnt/session` in the session's sandbox. */
  directoryOf: (sessionId: string) => string;
  outputs: Outputs;
}

const OUTPUT_LIMITS = {
  /** Of one session. */
  files: 500,
  bytesOfAll: 5 * 2 ** 30,
  bytesOfOne: 500 * 2 ** 20,
  walk: { depth: 16, entries: 10_000 },
};

/** Files below `/mnt/session/outputs` are files of the session: as they are there, so they are listed. */
export function createOutputsPart({ directoryOf, outputs }: OutputsDeps): MountPart {
  /** What each session's directory showed when all of it had been taken in. */
  const seen = new Map<string, string>();
  return {
    prepare: async () => [],
    async collect(sessionId) {
      const directory = join(directoryOf(sessionId), 'outputs');
      const shows = await look(directory);
      if (shows !== undefined && seen.get(sessionId) === shows) return;
      seen.delete(sessionId);
      await outputs.update(sessionId, async (session) => {
        await takeIn(directory, session);
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

/** The same for the same files; undefined while something is so new that it cannot be told from what follows. */
async function look(directory: string): Promise<string | undefined> {
  const stamps: string[] = [];
  for await (const { path, stat } of walk(directory, OUTPUT_LIMITS.walk)) {
    if (!isSettled(stat)) return undefined;
    stamps.push(`${path} ${stampOf(stat)}`);
  }
  return createHash('sha256').update(stamps.toSorted().join('\n')).digest('hex');
}

async function takeIn(directory: string, session: SessionOutputs): Promise<void> {
  const gone = new Set(session.known.keys());
  const room = roomFor(session);
  for await (const found of walk(directory, OUTPUT_LIMITS.walk)) {
    if (IN_THE_MAKING.test(found.path) || found.stat.size > OUTPUT_LIMITS.bytesOfOne) continue;
    const known = session.known.get(found.path);
    if (!known && !room.take(Number(found.stat.size))) continue;
    gone.delete(found.path);
    if (known?.stamp !== stampOf(found.stat)) await takeFile(found, session);
  }
  for (const path of gone) await session.drop(path);
}

/** What the tool `write` has not put in its place yet. */
const IN_THE_MAKING = /(^|\/)\.tmp-\d+-\d+$/;

function roomFor({ known }: SessionOutputs) {
  let files = known.size;
  let bytes = [...known.values()].reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  return {
    take(size: number): boolean {
      if (files >= OUTPUT_LIMITS.files || bytes + size > OUTPUT_LIMITS.bytesOfAll) return false;
      files += 1;
      bytes += size;
      return true;
    },
  };
}

async function takeFile(found: Found, session: SessionOutputs): Promise<void> {
  const file = await found.open();
  if (!file) return;
  try {
    const before = await file.stat({ bigint: true });
    if (before.size > OUTPUT_LIMITS.bytesOfOne) return;
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
