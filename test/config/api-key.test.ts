import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadApiKey } from '../../src/config/api-key.js';
import { readOrWriteOnce } from '../../src/config/write-once.js';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'drover-key-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('a key is made once, is kept, and only its owner may read it', () => {
  const first = loadApiKey({ apiKey: undefined, dataDir });
  expect(first.value).toMatch(/^sk-drover-[\w-]{32}$/);
  expect(loadApiKey({ apiKey: undefined, dataDir })).toEqual(first);
  expect(statSync(join(dataDir, 'api-key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['api-key']);
});

test('a configured key is taken as it is and written nowhere', () => {
  expect(loadApiKey({ apiKey: 'mine', dataDir })).toEqual({ value: 'mine', file: undefined });
  expect(readdirSync(dataDir)).toEqual([]);
});

test('of two that write at once the first one stands for both', () => {
  const path = join(dataDir, 'id');
  const late = readOrWriteOnce(path, () => {
    readOrWriteOnce(path, () => 'first');
    return 'second';
  });
  expect(late).toBe('first');
  expect(readdirSync(dataDir)).toEqual(['id']);
});

test('an emptied file is named, not silently replaced', () => {
  writeFileSync(join(dataDir, 'api-key'), '\n');
  expect(() => loadApiKey({ apiKey: undefined, dataDir })).toThrow(/api-key is empty/);
});
