import { isIP } from 'node:net';
import { z } from 'zod';

const MAX_ENTRIES = 64;
const PRIVATE_ENDINGS = new Set(['localhost', 'local', 'internal', 'localdomain', 'invalid']);
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** The domains of `web_fetch`: plain host names, each of which covers its subdomains. */
export const hostListSchema = listOf((entry) => isPublicHost(entry));

/** The domains of `web_search`: an optional path may follow the host. */
export const hostAndPathListSchema = listOf((entry) => {
  const slash = entry.indexOf('/');
  if (slash < 0) return isPublicHost(entry);
  return isPublicHost(entry.slice(0, slash)) && !/[\s?#$,|^!]/.test(entry.slice(slash));
});

function listOf(isValid: (entry: string) => boolean) {
  const entry = z
    .string()
    .min(1)
    .max(255)
    .refine((text) => isValid(text.replace(/\/$/, '')), 'is not a plain public domain name');
  return z
    .array(entry)
    .min(1, 'Empty list of domains is ambiguous: leave the field out instead')
    .max(MAX_ENTRIES)
    .refine((list) => new Set(list).size === list.length, 'names a domain twice');
}

function isPublicHost(host: string): boolean {
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  return (
    labels.length > 1 &&
    labels.every((label) => LABEL.test(label)) &&
    // A last label of digits is an IPv4 address in one of its spellings.
    !/^(\d+|0x[0-9a-f]*)$/i.test(last) &&
    isIP(host) === 0 &&
    !PRIVATE_ENDINGS.has(last.toLowerCase())
  );
}
