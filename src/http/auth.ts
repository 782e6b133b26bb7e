import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';

/** On whose behalf a request is made. */
export interface Principal {
  workspace: string;
  /** Tells the keys apart; says nothing of their text. */
  keyId: string;
}

/**
 * Throws `authentication_error` unless the request carries one of the keys, as `authorization: Bearer` or as
 * `x-api-key`.
 */
export type Authenticate = (headers: IncomingHttpHeaders) => Principal;

/** Comparisons take the same time whatever is sent. Two different valid keys in one request are refused (unknowns 81). */
export function createAuthenticate(keys: readonly string[], workspace: string): Authenticate {
  const known = keys.map(digest);
  return (headers) => {
    const sent = [bearer(headers.authorization), single(headers['x-api-key'])].filter((key) => key !== undefined);
    const matches = new Set(sent.map((key) => indexOf(known, key)).filter((index) => index >= 0));
    const [match] = matches;
    if (match !== undefined && matches.size === 1) return { workspace, keyId: String(match) };
    throw new ApiError(
      'authentication_error',
      sent.length === 0 ? 'An API key is required.' : 'The API key is not valid.',
    );
  };
}

function indexOf(known: readonly Buffer[], key: string): number {
  const hash = digest(key);
  let found = -1;
  // Every key is compared, so that the time says nothing about which one it was.
  for (const [index, candidate] of known.entries()) {
    if (timingSafeEqual(candidate, hash)) found = index;
  }
  return found;
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}
