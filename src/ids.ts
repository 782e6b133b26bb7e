import { createHash, randomFillSync } from 'node:crypto';

/** Prefixes of the wire's ids (contract: endpoints §1.7; of a tunnel's token it names none). */
export type IdPrefix =
  | 'agent'
  | 'env'
  | 'work'
  | 'sesn'
  | 'sthr'
  | 'sevt'
  | 'outc'
  | 'vlt'
  | 'vcrd'
  | 'req'
  | 'file'
  | 'skill'
  | 'skver'
  | 'sesrsc'
  | 'depl'
  | 'drun'
  | 'memstore'
  | 'mem'
  | 'memver'
  | 'drm'
  | 'uprof'
  | 'tnl'
  | 'ttok'
  | 'tcrt'
  | 'wrkspc'
  | 'apikey'
  | 'ekey'
  | 'whe'
  | 'whep';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const LENGTH = 24;

/** An id of the same form that follows from its source: the same one again for the same text. */
export function derivedId(prefix: IdPrefix, source: string): string {
  let rest = BigInt(`0x${createHash('sha256').update(source).digest('hex')}`);
  let id = `${prefix}_`;
  for (let count = 0; count < LENGTH; count++, rest /= 58n) id += ALPHABET[Number(rest % 58n)];
  return id;
}

/** A new id: the prefix, an underscore and 24 random base-58 characters (140 bits). */
export function newId(prefix: IdPrefix): string {
  let id = `${prefix}_`;
  while (id.length < prefix.length + 1 + LENGTH) {
    const byte = randomByte();
    // Bytes past the last multiple of 58 are dropped, so every character is equally likely.
    if (byte < 232) id += ALPHABET[byte % 58];
  }
  return id;
}

// The kernel is asked for many at once: a request takes several ids.
const random = new Uint8Array(4_096);
let used = random.length;

function randomByte(): number {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const byte = random[used] ?? 0;
  random[used] = 0;
  used += 1;
  return byte;
}
