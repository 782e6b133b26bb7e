import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '../../src/config/start-error.js';
import { beginRotation } from '../../src/vault/rotation.js';
import { type KeySources, openSecrets } from '../../src/vault/secrets.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-vault-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const [OLD, NEW] = [randomBytes(32), randomBytes(32)];

function sources(given: Partial<KeySources> = {}): KeySources {
  return { dataDir, vaultKey: undefined, vaultNextKey: undefined, ...given };
}

test('the key file is made at the first secret, for its owner alone, and stays', () => {
  const secrets = openSecrets(sources());
  expect(readdirSync(dataDir)).toEqual([]);
  const sealed = secrets.seal('vcrd_1', 'text');
  expect(readdirSync(dataDir)).toEqual(['vault-key']);
  expect(statSync(join(dataDir, 'vault-key')).mode & 0o777).toBe(0o600);
  expect(openSecrets(sources()).open('vcrd_1', sealed)).toBe('text');
  expect(openSecrets(sources()).seal('vcrd_1', 'text').key_id).toBe(sealed.key_id);
});

test('a configured key needs no file', () => {
  const sealed = openSecrets(sources({ vaultKey: OLD })).seal('vcrd_1', 'text');
  expect(readdirSync(dataDir)).toEqual([]);
  expect(openSecrets(sources({ vaultKey: OLD })).open('vcrd_1', sealed)).toBe('text');
  const stranger = openSecrets(sources({ vaultKey: NEW }));
  expect(stranger.knows(sealed.key_id)).toBe(false);
  expect(() => stranger.open('vcrd_1', sealed)).toThrow(/which is not known/);
});

test('a key file that others can read, or that holds no key, is refused', () => {
  openSecrets(sources()).seal('vcrd_1', 'text');
  const path = join(dataDir, 'vault-key');
  chmodSync(path, 0o640);
  expect(() => openSecrets(sources())).toThrow(new StartError(`${path} can be read by others: chmod 600 ${path}`));
  chmodSync(path, 0o600);
  writeFileSync(path, 'nonsense');
  expect(() => openSecrets(sources())).toThrow(/holds no vault key/);
});

test('a rotation of the key file keeps both keys until it is finished, and is taken up where it was left', () => {
  const before = openSecrets(sources()).seal('vcrd_1', 'text');
  const first = beginRotation(sources());
  const after = first.seal('vcrd_2', 'text');
  expect(after.key_id).not.toBe(before.key_id);
  // As if it had been killed here: a server opens both, and seals under the old one.
  const between = openSecrets(sources());
  expect([between.open('vcrd_1', before), between.open('vcrd_2', after)]).toEqual(['text', 'text']);
  expect(between.seal('vcrd_3', 'text').key_id).toBe(before.key_id);

  const second = beginRotation(sources());
  expect(second.keyId).toBe(first.keyId);
  second.finish();
  expect(readdirSync(dataDir)).toEqual(['vault-key']);
  expect(statSync(join(dataDir, 'vault-key')).mode & 0o777).toBe(0o600);
  const done = openSecrets(sources());
  expect(done.knows(before.key_id)).toBe(false);
  expect(done.open('vcrd_2', after)).toBe('text');
});

test('from the key file to a configured key: the file goes at the end', () => {
  const before = openSecrets(sources()).seal('vcrd_1', 'text');
  const configured = sources({ vaultKey: NEW });
  expect(openSecrets(configured).open('vcrd_1', before)).toBe('text');
  const rotation = beginRotation(configured);
  expect(rotation.keyId).toBe(openSecrets(configured).seal('vcrd_1', 'text').key_id);
  expect(existsSync(join(dataDir, 'vault-key'))).toBe(true);
  rotation.finish();
  expect(readdirSync(dataDir)).toEqual([]);
});

test('from one configured key to the next; to itself is refused', () => {
  const both = sources({ vaultKey: OLD, vaultNextKey: NEW });
  const sealed = beginRotation(both).seal('vcrd_1', 'text');
  expect(openSecrets(both).open('vcrd_1', sealed)).toBe('text');
  expect(openSecrets(sources({ vaultKey: NEW })).open('vcrd_1', sealed)).toBe('text');
  expect(openSecrets(both).seal('vcrd_1', 'text').key_id).not.toBe(sealed.key_id);
  expect(() => beginRotation(sources({ vaultKey: OLD }))).toThrow(/DROVER_VAULT_NEXT_KEY/);
  expect(() => beginRotation(sources({ vaultKey: OLD, vaultNextKey: OLD }))).toThrow(/DROVER_VAULT_NEXT_KEY/);
});

test('P4: the file is the only place where the key is written', () => {
  const sealed = openSecrets(sources()).seal('vcrd_1', 'text');
  const key = readFileSync(join(dataDir, 'vault-key'), 'utf8').trim();
  expect(Buffer.from(sealed.secret).includes(Buffer.from(key, 'base64'))).toBe(false);
});
