import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { errorCode } from '../error-code.js';

/*
 * Names in a directory that an agent writes to at the same time. Invariant: nothing outside of it is ever reached,
 * whatever links the agent plants and whenever. Each directory on the way is held open, and what is in it is named through
 * that (`/proc/self/fd/N/name`), so no step leads through a link; the last name is never followed.
 * All of it is synchronous: a step takes microseconds.
 */

/** A name in a directory that is held open. */
export function within(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}

/** What bears this name itself; undefined when nothing does. */
export function lookAt(file: string): BigIntStats | undefined {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false });
}

/** Holds a directory open that only this server can move. */
export function withRoot<Result>(root: string, act: (fd: number) => Result): Result {
  const fd = openSync(root, DIRECTORY);
  try {
    return act(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes a directory of this name where there is none. */
export type Make = (parent: number, name: string) => void;

/** Acts in the directory of a path's last name; undefined when that is not there, or a link is on the way. */
export function inParent<Result>(
  root: string,
  path: string,
  act: (parent: number, name: string) => Result,
  make?: Make,
): Result | undefined {
  const names = path.slice(1).split('/');
  const descend = (fd: number, at: number): Result | undefined => {
    const name = names[at] ?? '';
    if (at === names.length - 1) return act(fd, name);
    make?.(fd, name);
    return inDirectory(fd, name, (inner) => descend(inner, at + 1));
  };
  return withRoot(root, (fd) => descend(fd, 0));
}

/** Undefined when there is no directory of this name. */
export function inDirectory<Result>(parent: number, name: string, act: (fd: number) => Result): Result | undefined {
  const fd = openIfThere(within(parent, name), DIRECTORY);
  if (fd === undefined) return undefined;
  try {
    return act(fd);
  } finally {
    closeSync(fd);
  }
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/** A link is as good as nothing; so is a file where a directory was wanted, what nobody serves, and what is closed to us. */
const NOTHING: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO', 'EACCES']);

/** Undefined when there is nothing that could be opened, a link included. */
export function openIfThere(file: string, flags: number): number | undefined {
  try {
    return openSync(file, flags | constants.O_NOFOLLOW);
  } catch (error) {
    if (NOTHING.has(errorCode(error))) return undefined;
    throw error;
  }
}
