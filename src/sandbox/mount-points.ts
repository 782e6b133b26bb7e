import { lstat, rm } from 'node:fs/promises';
import path from 'node:path';
import { ignoreMissing, makeReadableDirectory, type Place } from './place.js';
import { WORKSPACE, type Mount } from './sandbox.js';

/** In the order in which they can be mounted: what lies below another mount comes after it. */
export function outerFirst(mounts: readonly Mount[]): Mount[] {
  for (const { at } of mounts) assertPlain(at);
  return mounts.toSorted((one, other) => depth(one.at) - depth(other.at));
}

/** Where on this machine the directory is that `at` is mounted over; undefined when it lies in no directory of this machine. */
export function pointOf(
  at: string,
  place: Place,
  mounts: readonly Mount[],
): { root: string; below: string } | undefined {
  const around = [...bound(place), ...mounts].filter((outer) => at.startsWith(`${outer.at}/`));
  const inner = around.toSorted((one, other) => depth(other.at) - depth(one.at))[0];
  return inner && { root: inner.from, below: at.slice(inner.at.length + 1) };
}

/**
 * Makes the directories that mounts are put over, where these lie in what a sandbox's user may have changed: a link or
 * a file in their way goes. For the time when nothing runs there.
 */
export async function makeMountPoints(place: Place, mounts: readonly Mount[]): Promise<void> {
  for (const { at } of outerFirst(mounts)) {
    const point = pointOf(at, place, mounts);
    if (!point) continue;
    let directory = point.root;
    for (const name of point.below.split('/')) {
      directory = path.join(directory, name);
      await makeRealDirectory(directory);
    }
  }
}

const bound = (place: Place) => [
  { at: WORKSPACE, from: place.workspace },
  { at: '/mnt/session', from: place.session },
  { at: '/home/sandbox', from: place.home },
];

async function makeRealDirectory(directory: string): Promise<void> {
  const found = await lstat(directory).catch(ignoreMissing);
  if (found?.isDirectory()) return;
  if (found) await rm(directory);
  await makeReadableDirectory(directory);
}

function depth(at: string): number {
  return at.split('/').length;
}

function assertPlain(at: string): void {
  const isPlain = path.posix.isAbsolute(at) && path.posix.normalize(at) === at && !at.endsWith('/');
  if (!isPlain) throw new Error(`not a path to mount at: ${JSON.stringify(at)}`);
}
