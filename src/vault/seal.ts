import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/*
 * A sealed secret is: a version (1 byte), the data key sealed under the vault key, the text sealed under the data key.
 * Each part is AES-256-GCM: nonce (12), tag (16), ciphertext. Both are bound to the owner and to the vault key's id, so
 * that a sealed secret opens nowhere but in the row it was made for.
 */

/** The key under which each secret's own data key is sealed. */
export interface VaultKey {
  /** Says which key it is, and nothing about its bytes. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What is stored of a secret. */
export interface Sealed {
  key_id: string;
  secret: Uint8Array;
}

/** Takes 32 bytes. */
export function toVaultKey(bytes: Uint8Array): VaultKey {
  const id = createHmac('sha256', bytes).update('drover vault key id').digest('hex').slice(0, ID_LENGTH);
  return { id, bytes };
}

/** Never gives the same twice. */
export function seal(key: VaultKey, owner: string, text: string): Sealed {
  const dataKey = randomBytes(KEY_BYTES);
  const bound = boundTo(key, owner);
  const secret = Buffer.concat([
    Buffer.of(VERSION),
    encrypt(key.bytes, dataKey, bound),
    encrypt(dataKey, Buffer.from(text), bound),
  ]);
  return { key_id: key.id, secret };
}

/** The text again; throws when a bit of it, its owner or its key is another. */
export function unseal(key: VaultKey, owner: string, { key_id, secret }: Sealed): string {
  if (key_id !== key.id || secret[0] !== VERSION || secret.length < TEXT_AT + OVERHEAD) throw spoiled(owner);
  const bound = boundTo(key, owner);
  try {
    const dataKey = decrypt(key.bytes, secret.subarray(1, TEXT_AT), bound);
    return decrypt(dataKey, secret.subarray(TEXT_AT), bound).toString();
  } catch {
    throw spoiled(owner);
  }
}

const VERSION = 1;
const ID_LENGTH = 16;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD = NONCE_BYTES + TAG_BYTES;
const TEXT_AT = 1 + OVERHEAD + KEY_BYTES;

function boundTo(key: VaultKey, owner: string): Buffer {
  return Buffer.from(`drover secret ${VERSION}\0${key.id}\0${owner}`);
}

function encrypt(key: Uint8Array, plain: Uint8Array, bound: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

function decrypt(key: Uint8Array, box: Uint8Array, bound: Uint8Array): Buffer {
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(box.subarray(NONCE_BYTES, OVERHEAD));
  return Buffer.concat([decipher.update(box.subarray(OVERHEAD)), decipher.final()]);
}

function spoiled(owner: string): Error {
  return new Error(`The secret of ${owner} cannot be opened: it was changed, or belongs to another row or key.`);
}
