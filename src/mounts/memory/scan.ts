import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Entry, isSameStamp, listTree, readTreeFile, type Stamp } from './tree.js';

/** What a store's directory holds. */
export interface Scan {
  files: Map<string, ScannedFile>;
  /** False when there is more than was looked at. */
  isWhole: boolean;
}

export interface ScannedFile {
  stamp: Stamp;
  /** Undefined when it was not read. */
  sha256?: string;
  /** Why it cannot be made a memory. */
  why?: string;
}

/** What the rules of memories say of files. */
export interface FileRules {
  maxBytes: number;
  faultOfPath(path: string): string | undefined;
}

/** Reads only files that have been written to since the last time. One for each directory, and one look at a time. */
export type Scanner = (root: string) => Promise<Scan>;

export const SCAN_LIMITS = { depth: 20, most: 8_000 };

export function createScanner(rules: FileRules): Scanner {
  let known = new Map<string, Known>();
  return async (root) => {
    const { entries, isWhole } = listTree(root, SCAN_LIMITS);
    const found = new Map<string, Known>();
    let restedAt = performance.now();
    for (const entry of entries) {
      const file = judge(root, entry, rules, known.get(entry.path));
      if (file) found.set(entry.path, file);
      // There may be much to read, and all the while nobody else's session would go on.
      if (performance.now() - restedAt < LONGEST_MS) continue;
      await setImmediate();
      restedAt = performance.now();
    }
    known = found;
    return { files: known, isWhole };
  };
}

const LONGEST_MS = 10;

/** Whether a directory held the same both times, as far as could be seen. */
export function isSameScan(one: Scan, other: Scan): boolean {
  if (one.isWhole !== other.isWhole || one.files.size !== other.files.size) return false;
  return [...one.files].every(([path, file]) => {
    const found = other.files.get(path);
    return found && found.sha256 === file.sha256 && found.why === file.why && isSameStamp(found.stamp, file.stamp);
  });
}

/** In lowercase hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

type Known = ScannedFile & { readAt: number };

/** A file may be written to twice within one tick of the clock that ctimes are of. */
const TICK_MS = 50;

/** What the tool `write` has not put in its place yet. */
const IN_THE_MAKING = /\/\.tmp-\d+-\d+$/;

function judge(root: string, entry: Entry, rules: FileRules, known: Known | undefined): Known | undefined {
  const { path, kind, stamp } = entry;
  if (kind === 'directory') return undefined;
  // A memory may have such a name: then it must not be taken for deleted.
  if (IN_THE_MAKING.test(path)) return { stamp, readAt: 0 };
  if (kind === 'other') return { stamp, why: 'is a link, or no regular file', readAt: 0 };
  const writtenAt = Number(stamp.ctimeNs / 1_000_000n);
  if (known && isSameStamp(known.stamp, stamp) && known.readAt - writtenAt > TICK_MS) return known;
  const readAt = Date.now();
  if (stamp.size > BigInt(rules.maxBytes)) return { stamp, why: `has more than ${rules.maxBytes} bytes`, readAt };
  const read = readTreeFile(root, path, rules.maxBytes);
  // It goes on changing: it is neither read nor taken for deleted this time.
  if (!read) return { stamp, readAt: 0 };
  const why = faultOf(read.bytes, path, rules);
  return { stamp: read.stamp, sha256: sha256(read.bytes), readAt, ...(why !== undefined && { why }) };
}

function faultOf(bytes: Buffer, path: string, rules: FileRules): string | undefined {
  const fault = rules.faultOfPath(path);
  if (fault !== undefined) return `has a path that ${fault}`;
  return isText(bytes) ? undefined : 'is no text in UTF-8';
}

/** The API takes NUL in a memory; in a file it stands for what is no text, as it does for most tools. */
function isText(bytes: Buffer): boolean {
  return !bytes.includes(0) && Buffer.from(bytes.toString()).equals(bytes);
}
