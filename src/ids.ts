import { randomFillSync } from 'node:crypto';

/** Prefixes of the wire's ids (contract: endpoints §1.7; of a tunnel's token it names none). */
export type IdPrefix =
  | 'agent'
  | 'env'
  | 'sesn'
  | 'sthr'
  | 'sevt'
  | 'vlt'
  | 'vcrd'
  | 'req'
  | 'file'
  | 'skill'
  | 'skver'
  | 'depl'
  | 'drun'
  | 'memstore'
  | 'mem'
  | 'memver'
  | 'uprof'
  | 'tnl'
  | 'ttok'
  | 'tcrt'
  | 'wrkspc'
  | 'apikey'
  | 'ekey';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const LENGTH = 24;

/** A new id: the prefix, an underscore and 24 random base-58 characters (140 bits). */
export function newId(prefix: IdPrefix): string {
  let id = `${prefix}_`;
  while (id.length < prefix.length + 1 + LENGTH) {
    for (const byte of randomFillSync(new Uint8Array(LENGTH))) {
      // Bytes past the last multiple of 58 are dropped, so every character is equally likely.
      if (byte < 232 && id.length < prefix.length + 1 + LENGTH) id += ALPHABET[byte % 58];
    }
  }
  return id;
}
