import { invalid } from '../validate.js';
import { extensionFor } from './file-type.js';

const MAX_CHARACTERS = 255;

/** What would break a line, a path or a listing; U+FFFD is what is left of bytes that are no UTF-8. */
const FORBIDDEN = /[<>:"|?*\p{Cc}\u2028\u2029\uFFFD]/u;

/** They are not seen, and make one name look like another. */
const DIRECTION_MARKS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/**
 * The name that a file is kept under: the last part of the path that was given, without direction marks, composed (NFC).
 * A file without a name is `unnamed` with the extension of its type. Refuses what cannot be a name.
 */
export function cleanFileName(given: string | undefined, type: string): string {
  const last = given?.split(/[/\\]/).at(-1) ?? '';
  const name = last.replaceAll(DIRECTION_MARKS, '').normalize('NFC').trim();
  if (name === '') return nameless(type);
  const forbidden = FORBIDDEN.exec(name)?.[0];
  if (forbidden !== undefined) throw refuse(`must not contain ${describe(forbidden)}`);
  if (name === '.' || name === '..') throw refuse(`must not be "${name}"`);
  // As people count them: an emoji is one.
  if (Array.from(name).length > MAX_CHARACTERS) throw refuse(`must have at most ${MAX_CHARACTERS} characters`);
  return name;
}

/** The same for a file that is there and keeps its place: what cannot be in a name is replaced. */
export function toFileName(path: string): string {
  const last = path.split('/').at(-1) ?? '';
  const plain = last.replaceAll(DIRECTION_MARKS, '').normalize('NFC').trim();
  const name = Array.from(plain.replaceAll(new RegExp(FORBIDDEN, 'gu'), '_').replaceAll('\\', '_'));
  // Of a long name the end, which has the extension.
  return name.slice(-MAX_CHARACTERS).join('') || 'unnamed';
}

function nameless(type: string): string {
  const extension = extensionFor(type);
  return extension === undefined ? 'unnamed' : `unnamed.${extension}`;
}

function describe(character: string): string {
  if (/[<>:"|?*]/.test(character)) return character;
  return `the character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function refuse(what: string) {
  return invalid('file', `the filename ${what}`);
}
