/** What is wrong with a memory's path (endpoints §6); undefined when nothing is. */
export function faultOfPath(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must start with "/"';
  if (Buffer.byteLength(path) > MAX_BYTES) return 'must have at most 1,024 bytes';
  if (UNFIT.test(path)) return 'must have no control or format characters and no line separators';
  if (path.normalize('NFC') !== path) return 'must be in Unicode Normalization Form C';
  const segments = path.slice(1).split('/');
  if (segments.length > MAX_SEGMENTS) return 'must have at most 20 segments';
  if (segments.some((segment) => EMPTY.has(segment))) return 'must have no segment that is empty, "." or ".."';
  return undefined;
}

/** The same of a prefix, which ends with "/" and may be all of it. */
export function faultOfPrefix(prefix: string): string | undefined {
  if (!prefix.endsWith('/')) return 'must end with "/"';
  return prefix === '/' ? undefined : faultOfPath(prefix.slice(0, -1));
}

/**
 * All below a directory: paths from the first on, up to the second and without it. Text columns are compared by their
 * bytes in either database, so what lies below one directory stands together, and "0" is what follows "/".
 */
export function rangeBelow(directory: string): [from: string, to: string] {
  const name = directory.endsWith('/') ? directory.slice(0, -1) : directory;
  return [`${name}/`, `${name}0`];
}

/** `/a` and `/a/b` of `/a/b/c`. */
export function directoriesOf(path: string): string[] {
  const ends = [...path.matchAll(/\//g)].map(({ index }) => index).slice(1);
  return ends.map((end) => path.slice(0, end));
}

const MAX_BYTES = 1_024;
const MAX_SEGMENTS = 20;
const EMPTY: ReadonlySet<string> = new Set(['', '.', '..']);
/** Half a surrogate pair is no character at all: it has no UTF-8. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
