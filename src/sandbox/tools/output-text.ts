// Colours and cursor moves of a terminal that is not there: ESC [ … letter.
const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[ -/]*[@-~]`, 'g');
const NUL = '\0';
const REPLACEMENT = '\u{FFFD}';

/** What a command printed, as text for a model: no terminal codes, no trailing newlines, undecodable bytes replaced. */
export function outputText(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  // A NUL cannot be kept by every store that an event passes through.
  return trimNewlines(text.replaceAll(ANSI, '').replaceAll(NUL, REPLACEMENT));
}

/** The text of `bytes` when they are UTF-8 without NUL, else nothing. Exact: a byte order mark stays. */
export function exactText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Without the rest of a character that the cut before `bytes` went through. */
export function fromWholeCharacter(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}

/** The first `max` bytes, without a character that would be cut. */
export function toWholeCharacter(bytes: Uint8Array, max: number): Uint8Array {
  let end = Math.min(max, bytes.length);
  while (end < bytes.length && end > max - 4 && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(0, end);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function trimNewlines(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end -= 1;
  return text.slice(0, end);
}
