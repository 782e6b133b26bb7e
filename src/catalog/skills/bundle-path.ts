import { invalid } from '../validate.js';

const MAX_BYTES = 512;
const MAX_NAME_BYTES = 255;

/** What would break a line or a listing, is not seen, or makes one name look like another; U+FFFD is what is left of bytes that are no UTF-8. */
const FORBIDDEN = /[\p{Cc}\u2028\u2029\uFFFD\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

/**
 * The names that a member's path consists of, composed (NFC). Refuses every path that is not plainly one below the
 * directory it is unpacked into.
 */
export function splitPath(given: string): string[] {
  const path = given.normalize('NFC');
  const forbidden = FORBIDDEN.exec(path)?.[0]?.codePointAt(0);
  if (forbidden !== undefined) throw refuse(path, `must not contain the character ${toHex(forbidden)}`);
  if (path.includes('\\')) throw refuse(path, 'must have / between its names, not \\');
  if (/^([A-Za-z]:|\/)/.test(path)) throw refuse(path, 'must be relative');
  if (Buffer.byteLength(path) > MAX_BYTES) throw refuse(path, `must have at most ${MAX_BYTES} bytes`);
  const names = path.split('/');
  for (const name of names) {
    if (name === '' || name === '.' || name === '..') throw refuse(path, `must not contain the name "${name}"`);
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
      throw refuse(path, `must not contain a name of more than ${MAX_NAME_BYTES} bytes`);
    }
  }
  return names;
}

/** Takes paths one after the other, and refuses one that cannot be beside those that came before, on any file system. */
export function createPathCheck(): (names: readonly string[]) => void {
  const files = new Set<string>();
  // Every file and directory by its path in small letters, as it was spelled first.
  const spelled = new Map<string, string>();
  return (names) => {
    const whole = names.join('/');
    if (files.has(whole)) throw refuse(whole, 'is there twice');
    for (let depth = 1; depth <= names.length; depth++) {
      const path = names.slice(0, depth).join('/');
      const key = path.toLowerCase();
      const first = spelled.get(key) ?? path;
      if (first !== path) throw refuse(whole, `differs from "${first}" in nothing but small and capital letters`);
      const isFile = depth === names.length;
      if (files.has(path) || (isFile && spelled.has(key)))
        throw refuse(whole, `"${path}" is both a file and a directory`);
      spelled.set(key, path);
    }
    files.add(whole);
  };
}

function toHex(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}

function refuse(path: string, what: string) {
  return invalid('files', `the path ${JSON.stringify(path.slice(0, 100).toWellFormed())} ${what}`);
}
