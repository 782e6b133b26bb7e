import { outerFirst, pointOf } from './mount-points.js';
import type { Place } from './place.js';
import type { Mount } from './sandbox.js';

/** The arguments of `bwrap` for what a sandbox holds beside its own directories, which come first. */
export function mountArguments(place: Place, mounts: readonly Mount[]): string[] {
  return outerFirst(mounts).flatMap(({ at, from, access }) => [
    // Where there is a directory of this machine around it, its place has been made there.
    ...(pointOf(at, place, mounts) ? [] : openDirectories(parentsOf(at))),
    access === 'read_only' ? '--ro-bind' : '--bind',
    from,
    at,
  ]);
}

/** Directories that all can enter: parents that bubblewrap makes by itself are closed to all but their owner. */
export function openDirectories(directories: string[]): string[] {
  return directories.flatMap((directory) => ['--perms', '0755', '--dir', directory]);
}

function parentsOf(at: string): string[] {
  const names = at.split('/').slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`);
}
