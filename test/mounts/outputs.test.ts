import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRisingClock } from '../../src/catalog/clock.js';
import { createOutputs } from '../../src/catalog/files/outputs.js';
import { createTurns } from '../../src/catalog/files/turns.js';
import { createDiskContents } from '../../src/files/disk.js';
import type { MountPart } from '../../src/mounts/mounts.js';
import { createOutputsPart } from '../../src/mounts/outputs.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase } from '../support/database.js';
import { insertSession } from '../support/outputs.js';
import { storedFiles } from '../support/stored-files.js';

const dir = mkdtempSync(join(tmpdir(), 'drover-outputs-'));
const LIMITS = { files: 4, bytesOfAll: 1_000, bytesOfOne: 600, walk: { depth: 16, entries: 1_000 } };
/** What has changed within the last tick of the file system's clock is looked at again. */
const SETTLED_MS = 100;

let place: string;
let db: Database;
let outputs: MountPart;
let session: string;
let count = 0;
beforeAll(async () => {
  place = await newDatabase(dir);
  db = await openDatabase(place);
  const kept = { db, contents: createDiskContents(join(dir, 'files')), turns: createTurns() };
  outputs = createOutputsPart({
    directoryOf: (id) => join(dir, 'sandboxes', id),
    outputs: createOutputs({ ...kept, clock: createRisingClock() }),
    limits: LIMITS,
  });
});
afterAll(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  session = `sesn_outputs_${(count += 1)}`;
  await insertSession({ db }, session);
});

const at = (path: string) => join(dir, 'sandboxes', session, 'outputs', path);

async function write(path: string, size: number): Promise<void> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), path.slice(-1).repeat(size));
}

/** The sizes of what is listed after a look at what has settled. */
async function listed(): Promise<Record<string, number>> {
  await sleep(SETTLED_MS);
  await outputs.collect(session);
  const rows = await db
    .selectFrom('session_outputs')
    .innerJoin('files', 'files.id', 'session_outputs.file_id')
    .select(['path', 'files.size_bytes'])
    .where('session_outputs.session_id', '=', session)
    .orderBy('path')
    .execute();
  return Object.fromEntries(rows.map(({ path, size_bytes }) => [path, size_bytes]));
}

test('files in place of as many others are listed, when there is room for no more than these', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await write(name, 200);
  expect(await listed()).toEqual({ a: 200, b: 200, c: 200, d: 200 });
  for (const name of ['a', 'b', 'c', 'd']) await rm(at(name));
  for (const name of ['e', 'f', 'g', 'h']) await write(name, 250);
  expect(await listed()).toEqual({ e: 250, f: 250, g: 250, h: 250 });
});

test('of more files than a session may have, as many as it may have are listed', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await write(name, 1);
  expect(Object.keys(await listed())).toHaveLength(4);
});

test('files that grow beyond what all may have together take no more than that', async () => {
  for (const name of ['a', 'b', 'c']) await write(name, 10);
  expect(await listed()).toEqual({ a: 10, b: 10, c: 10 });
  // With holes, as an agent can make them where its disk is too small for it.
  for (const name of ['a', 'b', 'c']) await truncate(at(name), 500);
  const sizes = Object.values(await listed());
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1_000);
  expect(sizes).toEqual([500, 500]);
});

test('a file that has become too large leaves the list, and its bytes go', async () => {
  await write('a', 100);
  await listed();
  const before = await storedFiles(join(dir, 'files'));
  await truncate(at('a'), 601);
  expect(await listed()).toEqual({});
  expect(await storedFiles(join(dir, 'files'))).toHaveLength(before.length - 1);
});

test('a path that is too long for an index keeps nothing else from being listed', async () => {
  const random = Array.from({ length: 14 }, () => Array.from({ length: 80 }, letter).join(''));
  await write(join(...random, 'deep'), 1);
  await write('zzz', 1);
  expect(await listed()).toEqual({ zzz: 1 });
});

test('where the files of a session are not on this machine, those that were listed stay', async () => {
  await write('a', 1);
  expect(await listed()).toEqual({ a: 1 });
  await rm(join(dir, 'sandboxes', session), { recursive: true });
  expect(await listed()).toEqual({ a: 1 });
  // The agent has removed it itself.
  await mkdir(join(dir, 'sandboxes', session));
  expect(await listed()).toEqual({});
});

/** Paths that compress well are short in an index. */
function letter(): string {
  return String.fromCodePoint(0x61 + Math.floor(Math.random() * 26), 0x410 + Math.floor(Math.random() * 32));
}
