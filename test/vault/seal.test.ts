import { randomBytes } from 'node:crypto';
import { parseVaultKey } from '../../src/config/vault-key.js';
import { seal, toVaultKey, unseal } from '../../src/vault/seal.js';

const key = toVaultKey(randomBytes(32));
const other = toVaultKey(randomBytes(32));
const TEXT = 'sk-planted-ünïcode-\u{1f511}';

test.each(['', 'x', TEXT, 'long '.repeat(100_000)])('what is sealed opens again (%#)', (text) => {
  expect(unseal(key, 'vcrd_1', seal(key, 'vcrd_1', text))).toBe(text);
});

test('P4: the same text is sealed differently each time, and is in none of them', () => {
  const [first, second] = [seal(key, 'vcrd_1', TEXT), seal(key, 'vcrd_1', TEXT)];
  expect(Buffer.from(first.secret).equals(second.secret)).toBe(false);
  expect(Buffer.from(first.secret).includes(TEXT)).toBe(false);
  expect(first.secret.length).toBe(second.secret.length);
});

test('every bit counts: whatever byte is changed, it does not open', () => {
  const { key_id, secret } = seal(key, 'vcrd_1', TEXT);
  for (let at = 0; at < secret.length; at++) {
    const changed = Uint8Array.from(secret);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => unseal(key, 'vcrd_1', { key_id, secret: changed })).toThrow(/cannot be opened/);
  }
});

test('nor cut, longer, empty, of another row, or under another key', () => {
  const sealed = seal(key, 'vcrd_1', TEXT);
  for (const length of [0, 1, 60, 61, 88, 89, sealed.secret.length - 1]) {
    const secret = sealed.secret.slice(0, length);
    expect(() => unseal(key, 'vcrd_1', { ...sealed, secret })).toThrow(/cannot be opened/);
  }
  const longer = Buffer.concat([sealed.secret, Buffer.of(0)]);
  expect(() => unseal(key, 'vcrd_1', { ...sealed, secret: longer })).toThrow(/cannot be opened/);
  expect(() => unseal(key, 'vcrd_2', sealed)).toThrow(/cannot be opened/);
  expect(() => unseal(other, 'vcrd_1', sealed)).toThrow(/cannot be opened/);
  expect(() => unseal(other, 'vcrd_1', { ...sealed, key_id: other.id })).toThrow(/cannot be opened/);
});

test('P4: what it throws says nothing of the text or the key', () => {
  const sealed = seal(key, 'vcrd_1', TEXT);
  let told = '';
  try {
    unseal(other, 'vcrd_1', sealed);
  } catch (error) {
    told = String(error);
  }
  expect(told).toContain('vcrd_1');
  for (const form of ['planted', Buffer.from(key.bytes).toString('hex'), Buffer.from(key.bytes).toString('base64')]) {
    expect(told).not.toContain(form);
  }
});

test('the halves of two secrets of one row do not make a third', () => {
  const [first, second] = [seal(key, 'vcrd_1', 'one'), seal(key, 'vcrd_1', 'two')];
  const mixed = Buffer.concat([first.secret.slice(0, 61), second.secret.slice(61)]);
  expect(() => unseal(key, 'vcrd_1', { key_id: key.id, secret: mixed })).toThrow(/cannot be opened/);
});

test('a key has an id that is its own and gives nothing away', () => {
  expect(key.id).toMatch(/^[0-9a-f]{16}$/);
  expect(toVaultKey(key.bytes).id).toBe(key.id);
  expect(other.id).not.toBe(key.id);
  expect(Buffer.from(key.bytes).toString('hex')).not.toContain(key.id);
});

const bytes = Buffer.from(key.bytes);
test.each([
  bytes.toString('hex'),
  bytes.toString('hex').toUpperCase(),
  bytes.toString('base64'),
  bytes.toString('base64url'),
])('a key is read from %s', (text) => expect(Buffer.from(parseVaultKey(text) ?? []).equals(bytes)).toBe(true));

test.each([
  '',
  'x',
  'a'.repeat(63),
  'g'.repeat(64),
  bytes.subarray(1).toString('base64'),
  `${bytes.toString('base64')}=`,
  'é'.repeat(43),
])('no key is read from "%s"', (text) => expect(parseVaultKey(text)).toBeUndefined());
