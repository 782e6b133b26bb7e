import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createManySessions, WORKSPACE } from '../../bench/drive/many-sessions.js';
import { listSessionRows, type SessionCursor } from '../../src/catalog/sessions/session-store.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { dropDatabase, newDatabase } from '../support/database.js';

const COUNT = 1_000;

let dir: string;
let place: string;
let db: Database;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-many-'));
  place = await newDatabase(dir);
  db = await openDatabase(place);
});
afterAll(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

test('pages that end among sessions of the same moment: each session once, and a late page begins where it should', async () => {
  const { cursorAfter } = await createManySessions(db, COUNT);
  const list = (page: SessionCursor | null) =>
    listSessionRows(db, WORKSPACE, { limit: 64, order: 'desc', statuses: ['idle'], ...(page && { page }) });
  const ids: string[] = [];
  let page = await list(null);
  for (; page.next; page = await list(page.next)) ids.push(...page.rows.map(({ id }) => id));
  ids.push(...page.rows.map(({ id }) => id));
  expect(new Set(ids).size).toBe(COUNT);
  expect(ids).toEqual(ids.toSorted().toReversed());
  const late = await list(cursorAfter(900));
  expect(late.rows.map(({ id }) => id)).toEqual(ids.slice(900, 964));
});
