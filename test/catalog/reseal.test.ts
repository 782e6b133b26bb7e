import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECRET_TABLES } from '../../src/catalog/vaults/reseal.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase } from '../support/database.js';

test('P4: a new vault key takes over every table that holds secrets', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'drover-reseal-'));
  const place = await newDatabase(dir);
  const db = await openDatabase(place);
  const tables = await db.introspection.getTables();
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true });
  const sealed = ['key_id', 'secret'];
  const holding = tables.filter(({ columns }) => columns.filter(({ name }) => sealed.includes(name)).length === 2);
  expect(holding.map(({ name }) => name).toSorted()).toEqual(SECRET_TABLES.toSorted());
});
