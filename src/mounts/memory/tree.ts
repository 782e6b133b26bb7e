import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { errorCode } from '../../error-code.js';
import type { Owner } from '../../sandbox/place.js';
import { inDirectory, inParent, lookAt, openIfThere, withRoot, within } from '../beneath.js';

/** Stays as long as nothing is written to a file: nobody can set a ctime. */
export interface Stamp {
  ino: bigint;
  ctimeNs: bigint;
  size: bigint;
}

export function isSameStamp(one: Stamp, other: Stamp): boolean {
  return one.ino === other.ino && one.ctimeNs === other.ctimeNs && one.size === other.size;
}

export interface Entry {
  /** From the root: `/a/b`. */
  path: string;
  kind: 'file' | 'directory' | 'other';
  stamp: Stamp;
}

/** Everything below a root but not deeper than `depth`, at most `most` entries; whether that was all. */
export function listTree(
  root: string,
  limits: { depth: number; most: number },
): { entries: Entry[]; isWhole: boolean } {
  const entries: Entry[] = [];
  const walk = (fd: number, above: string, depth: number): boolean => {
    let isWhole = true;
    for (const name of namesIn(fd)) {
      if (entries.length >= limits.most) return false;
      const entry = look(fd, name, above);
      if (!entry) continue;
      entries.push(entry);
      if (entry.kind !== 'directory') continue;
      const descend = (inner: number): boolean => orElse(false, () => walk(inner, entry.path, depth + 1));
      if (depth >= limits.depth) isWhole = false;
      else isWhole = (inDirectory(fd, name.toString(), descend) ?? false) && isWhole;
    }
    return isWhole;
  };
  const isWhole = withRoot(root, (fd) => walk(fd, '', 1));
  return { entries, isWhole };
}

/** A regular file's bytes and the stamp they had; undefined when there is none, or a larger one. */
export function readTreeFile(root: string, path: string, most: number): { bytes: Buffer; stamp: Stamp } | undefined {
  return inParent(root, path, (parent, name) => {
    const fd = openIfThere(within(parent, name), constants.O_RDONLY | constants.O_NONBLOCK);
    if (fd === undefined) return undefined;
    try {
      const before = fstatSync(fd, { bigint: true });
      if (!before.isFile() || before.size > BigInt(most)) return undefined;
      return { bytes: readFileSync(fd), stamp: stampOf(before) };
    } finally {
      closeSync(fd);
    }
  });
}

/** Why a file is not where it should be: it was `changed` since, a directory is in the way, or one is `closed` to us. */
export type Placed = 'placed' | 'changed' | 'directory' | 'closed';

/**
 * Puts a whole file, which lies ready outside of the tree, in its place, unless what is there is not what was expected
 * there. Directories are made as they are needed; files and links in their way go.
 */
export function placeTreeFile(
  root: string,
  { path, draft, expected, owner }: { path: string; draft: string; expected: Stamp | undefined; owner?: Owner },
): Placed {
  const place = (parent: number, name: string): Placed => {
    const found = lookAt(within(parent, name));
    if (found?.isDirectory()) return 'directory';
    if (!isAs(found, expected)) return 'changed';
    renameSync(draft, within(parent, name));
    return 'placed';
  };
  return orElse('closed', () => {
    return inParent(root, path, place, (parent, name) => makeDirectory(parent, name, owner)) ?? 'changed';
  });
}

/** Removes a file, unless it is not what was expected; directories that this leaves empty go too. */
export function removeTreeFile(root: string, path: string, expected: Stamp | undefined): boolean {
  const remove = (parent: number, name: string): boolean => {
    const found = lookAt(within(parent, name));
    if (!found || found.isDirectory()) return true;
    if (!isAs(found, expected)) return false;
    unlinkSync(within(parent, name));
    return true;
  };
  const removed = orElse(false, () => inParent(root, path, remove));
  if (removed === true) removeEmpty(root, path);
  return removed ?? true;
}

/** Which directory this is: not the same any more once it was made anew, or the machine was started anew. */
export function identityOf(root: string): string {
  const { dev, ino, birthtimeNs } = lstatSync(root, { bigint: true });
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return [boot, dev, ino, birthtimeNs].join(':');
}

/** One after the other: there may be millions. */
function* namesIn(fd: number): Generator<Buffer> {
  // An encoding that keeps each byte, since a name need not be text.
  const directory = opendirSync(within(fd, '.'), { encoding: 'latin1' });
  try {
    for (let found = directory.readSync(); found; found = directory.readSync()) yield Buffer.from(found.name, 'latin1');
  } finally {
    directory.closeSync();
  }
}

function look(fd: number, name: Buffer, above: string): Entry | undefined {
  const text = name.toString();
  // Opened by this name it would be another file, or none.
  if (!Buffer.from(text).equals(name)) return { path: `${above}/${text}`, kind: 'other', stamp: NO_STAMP };
  const stats = lookAt(within(fd, text));
  if (!stats) return undefined;
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  return { path: `${above}/${text}`, kind, stamp: stampOf(stats) };
}

const NO_STAMP: Stamp = { ino: 0n, ctimeNs: 0n, size: 0n };

function stampOf({ ino, ctimeNs, size }: BigIntStats): Stamp {
  return { ino, ctimeNs, size };
}

/** What the agent has closed is closed to a server that is not root, too: that is its affair, and no reason to stop. */
function orElse<Result, const Other>(otherwise: Other, act: () => Result): Result | Other {
  try {
    return act();
  } catch (error) {
    if (CLOSED.has(errorCode(error))) return otherwise;
    throw error;
  }
}

const CLOSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM']);

function isAs(found: BigIntStats | undefined, expected: Stamp | undefined): boolean {
  return found && expected ? isSameStamp(stampOf(found), expected) : !found && !expected;
}

function makeDirectory(parent: number, name: string, owner: Owner | undefined): void {
  const found = lookAt(within(parent, name));
  if (found?.isDirectory()) return;
  if (found) unlinkSync(within(parent, name));
  mkdirSync(within(parent, name));
  inDirectory(parent, name, (fd) => {
    fchmodSync(fd, 0o755);
    if (owner) fchownSync(fd, owner.uid, owner.gid);
  });
}

function removeEmpty(root: string, path: string): void {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    try {
      inParent(root, path.slice(0, end), (parent, name) => rmdirSync(within(parent, name)));
    } catch {
      // Not empty, or gone, or no directory: then it stays as it is.
      return;
    }
  }
}
