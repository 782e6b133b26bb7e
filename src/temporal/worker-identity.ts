import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/**
 * Who a new worker is to Temporal: no other has the same, also where each container's process has the same number. It
 * names the store that it works for.
 */
export function newWorkerIdentity(store: string): string {
  return `${process.pid}@${hostname()}/${randomBytes(4).toString('hex')} of store ${store}`;
}

/** The store that a worker works for; undefined of one that does not name it. */
export function storeOf(identity: string): string | undefined {
  return / of store (\S+)$/.exec(identity)?.[1];
}
