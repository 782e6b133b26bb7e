import { z } from 'zod';

/** An http or https URL that carries no password. */
export const plainUrl = z
  .string()
  .min(1)
  .max(2_048, { abort: true })
  .refine((value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  }, 'must be an http or https URL without user name and password');

/** How two URLs of servers are compared (behaviours §6.2): what is left of them is their place, path and query. */
export function normalizeUrl(text: string): string {
  const url = new URL(text);
  // The parser lowers scheme and host and drops the default port.
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}${url.search}`;
}
