import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';
import type { FindKey } from '../catalog/access/find-key.js';
import { hashKey } from '../catalog/access/key-text.js';
import { type Principal, SCOPES } from '../catalog/access/principal.js';
import { DEFAULT_WORKSPACE } from '../catalog/workspace.js';

/** Throws `authentication_error` unless the request carries a key, as `authorization: Bearer` or as `x-api-key`. */
export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Principal>;

export interface KeySources {
  /** Each of them opens everything, in the default workspace. */
  apiKeys: readonly string[];
  /** All others. */
  findKey: FindKey;
}

/** Times say nothing about the texts of keys. Two different valid keys in one request are refused (unknowns 81). */
export function createAuthenticate({ apiKeys, findKey }: KeySources): Authenticate {
  const known = apiKeys.map((text, index) => ({
    hash: Buffer.from(hashKey(text)),
    principal: defaultPrincipal(index),
  }));
  const find = async (text: string) => findKnown(known, text) ?? (await findKey(text));
  return async (headers) => {
    const texts = [bearer(headers.authorization), single(headers['x-api-key'])].filter((text) => text !== undefined);
    const sent = new Set(texts);
    const found = await Promise.all(Array.from(sent, find));
    const [principal, other] = found.filter((one) => one !== undefined);
    if (!principal || other) {
      throw new ApiError(
        'authentication_error',
        sent.size === 0 ? 'An API key is required.' : 'The API key is not valid.',
      );
    }
    return principal;
  };
}

interface KnownKey {
  hash: Buffer;
  principal: Principal;
}

function defaultPrincipal(index: number): Principal {
  const keyId = index === 0 ? 'apikey_default' : `apikey_default_${index + 1}`;
  return { kind: 'api_key', keyId, workspace: DEFAULT_WORKSPACE, scopes: SCOPES };
}

function findKnown(known: readonly KnownKey[], text: string): Principal | undefined {
  const hash = Buffer.from(hashKey(text));
  // Every key is compared, so that the time says nothing about which one it was.
  return known.filter((key) => timingSafeEqual(key.hash, hash)).at(0)?.principal;
}

function bearer(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}
