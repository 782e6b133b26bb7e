import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/bin/store.js';
import { StartError } from '../../src/config/start-error.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase, STORE } from '../support/database.js';

let scratch: string;
let path: string;
let database: string;
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'drover-store-'));
  path = join(scratch, 'data');
  mkdirSync(path);
  database = await newDatabase(path);
});
afterEach(async () => {
  await dropDatabase(database);
  rmSync(scratch, { recursive: true, force: true });
});

const open = async (at = { database, path }, id = 'one') => (await openStore(at, { id, path: at.path })).destroy();

test('a database is a directory’s for good', async () => {
  await open();
  await open();
  await expect(open(undefined, 'another')).rejects.toThrow(/belongs to another data directory \(one\)/);
  await open();
  const mark = readFileSync(join(path, 'database'), 'utf8');
  expect(mark).toMatch(STORE === 'sqlite' ? /^catalog\.db\n$/ : /^Postgres, localhost\/test_\w+\n$/);
});

test('a directory that has rows elsewhere is not opened over a new database: all its files would be nobody’s', async () => {
  await open();
  const other = await newDatabase(join(scratch, 'other'));
  const refused = await open({ database: other, path }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StartError);
  expect(String(refused)).toMatch(
    /rows of .*data are not in this database, which is new, but elsewhere \((catalog\.db|Postgres, )/,
  );
  await open();
  await dropDatabase(other);
});

test('so it is where an earlier release has left no word of it but the file', async () => {
  await (await openDatabase(path)).destroy();
  const other = await newDatabase(join(scratch, 'other'));
  await expect(open({ database: other, path })).rejects.toThrow(/but elsewhere \(catalog\.db\)/);
  await dropDatabase(other);
});

test('a database that cannot be opened: why, and nothing is noted', async () => {
  await open();
  const nowhere = `postgres://drover:planted@127.0.0.1:9/x`;
  const refused = await open({ database: nowhere, path }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(StartError);
  expect(String(refused)).toMatch(/cannot be opened: .*ECONNREFUSED 127\.0\.0\.1:9/);
  expect(String(refused)).not.toContain('planted');
});
