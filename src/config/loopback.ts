import { isIPv4 } from 'node:net';

/** Whether a host to listen on can be reached from this machine only. A name other than localhost counts as open. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
