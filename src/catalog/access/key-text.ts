import { createHash, randomBytes } from 'node:crypto';

/** What begins the text of each kind of key. Workers look at an environment key's (unknowns 57). */
const PREFIXES = { api_key: 'sk-drover-', environment_key: 'sk-ant-oat01-' } as const;

/** The text of a new key: 256 random bits behind the prefix of its kind. */
export function newKeyText(kind: keyof typeof PREFIXES): string {
  return PREFIXES[kind] + randomBytes(32).toString('base64url');
}

/** What is kept of a key. Its text is random and long: one round is enough. */
export function hashKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Enough to tell keys apart by, too little to guess one. */
export function hintOf(text: string): string {
  const prefix = Object.values(PREFIXES).find((start) => text.startsWith(start)) ?? '';
  return `${prefix}…${text.slice(-4)}`;
}
