import { createHmac } from 'node:crypto';

/** The text of a connector's token, by the token's id: the same at every call, and stored nowhere. */
export type TokenText = (tokenId: string) => string;

/** Tokens carry their id and are made from it with the server's key, so a connector's claim can be checked with no copy of the token. */
export function createTokenText(key: string): TokenText {
  return (tokenId) => `${tokenId}.${createHmac('sha256', key).update(tokenId).digest('base64url')}`;
}
