/** The hash as it is: hashes come out of stored data, and none may lead elsewhere. */
export function plainHash(hash: string): string {
  if (!isHash(hash)) throw new Error(`Not a content's hash: ${JSON.stringify(hash)}`);
  return hash;
}

/** Whether this is a SHA-256 in hex. */
export function isHash(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
