import { lookup as lookupHost } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.js';

/**
 * Makes a request to a server that somebody else has named, and gives its answer as it begins. A host is looked up once,
 * and the connection goes to what was found: a name that means another address a moment later gains nothing. No redirect
 * is followed. Rejects with a PrivateAddressError where the address is not a public one.
 */
export type Outbound = (url: string, request: OutboundRequest) => Promise<IncomingMessage>;

export interface OutboundRequest {
  method: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Ends the request, and the answer too. */
  signal: AbortSignal;
}

/** The address may not be asked. */
export class PrivateAddressError extends Error {
  override name = 'PrivateAddressError';
}

export interface OutboundOptions {
  /** Addresses of one's own network may be asked too. */
  allowPrivate: boolean;
  /** Finds all addresses of a host. */
  lookup?: typeof lookupHost;
}

export function createOutbound({ allowPrivate, lookup = lookupHost }: OutboundOptions): Outbound {
  const check = (address: string): void => {
    if (!allowPrivate && !isPublicAddress(address)) throw new PrivateAddressError('The address is not a public one.');
  };
  return (target, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const url = new URL(target);
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      // An address is not looked up.
      if (isIP(host) !== 0) check(host);
      const open = url.protocol === 'https:' ? requestHttps : requestHttp;
      const options = { method, headers: { 'user-agent': 'drover', ...headers }, signal, agent: false };
      const request = open(url, { ...options, lookup: guard(lookup, check) }, resolve);
      request.on('error', reject);
      request.end(body);
    });
}

/** One address that may not be asked spoils the name: which of them a connection would take is left to chance. */
function guard(lookup: typeof lookupHost, check: (address: string) => void): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      try {
        if (error) throw error;
        for (const { address } of found) check(address);
        const [first] = found;
        if (!first) throw new Error(`${host} has no address.`);
        if (options.all) return callback(null, found);
        return callback(null, first.address, first.family);
      } catch (refusal) {
        // Nothing above throws what is no Error.
        return callback(refusal as NodeJS.ErrnoException, '');
      }
    });
  };
}
