import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { listSessionRows, type SessionCursor } from '../../src/catalog/sessions/session-store.js';
import type { Database } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { createManySessions, type ManySessions, WORKSPACE } from '../drive/many-sessions.js';
import { createCluster, findPostgres } from '../drive/postgres-server.js';
import type { Lab } from '../lab.js';
import { type Figure, type Measure, type Skipped, takeTurns } from '../measure.js';

const SESSIONS = 1_000_000;
const QUICK_SESSIONS = 20_000;
const PAGE = 100;
const ROUNDS = 200;

/** What the rows of a page of sessions cost at the end of a long list, and at its beginning. Looks at the store alone. */
export const latePages: Measure = {
  figures: ['list_sqlite', 'list_postgres'],
  run: async (lab) => [await onSqlite(lab), await onPostgres(lab)],
};

async function onSqlite(lab: Lab): Promise<Figure> {
  const dir = mkdtempSync(join(tmpdir(), 'drover-bench-'));
  try {
    return { id: 'list_sqlite', ...(await measure(dir, lab)) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function onPostgres(lab: Lab): Promise<Figure | Skipped> {
  const bin = findPostgres();
  if (bin === undefined) return { id: 'list_postgres', skipped: 'no Postgres server is installed' };
  const cluster = await createCluster(bin);
  try {
    return { id: 'list_postgres', ...(await measure(cluster.urlOf('postgres'), lab)) };
  } finally {
    await cluster.remove();
  }
}

async function measure(place: string, lab: Lab): Promise<Omit<Figure, 'id'>> {
  const db = await openDatabase(place);
  try {
    const count = lab.isQuick ? QUICK_SESSIONS : SESSIONS;
    const begun = performance.now();
    const sessions = await createManySessions(db, count);
    // What a server does by itself, in time.
    if (place.startsWith('postgres:')) await sql`vacuum analyze`.execute(db);
    const seconds = Math.round((performance.now() - begun) / 1000);
    const { samples, floor } = await readPages(db, sessions, lab.count(ROUNDS));
    const pages = (count / PAGE).toLocaleString('en');
    return { samples, floor, note: `page ${pages} of ${PAGE} rows; the floor is page 1; made in ${seconds} s` };
  } finally {
    await db.destroy();
  }
}

async function readPages(db: Database, { count, cursorAfter }: ManySessions, rounds: number) {
  const read = async (page?: SessionCursor): Promise<number> => {
    const begun = performance.now();
    const query = { limit: PAGE, order: 'desc' as const, statuses: ['idle' as const], ...(page && { page }) };
    const { rows } = await listSessionRows(db, WORKSPACE, query);
    const ms = performance.now() - begun;
    if (rows.length !== PAGE) throw new Error(`A page has ${rows.length} sessions.`);
    return ms;
  };
  const [samples, floor]: [number[], number[]] = [[], []];
  // The first readings fill caches.
  await takeTurns(
    Math.ceil(rounds / 10),
    () => read(),
    () => read(cursorAfter(count - PAGE)),
  );
  await takeTurns(
    rounds,
    async () => floor.push(await read()),
    async () => samples.push(await read(cursorAfter(count - PAGE))),
  );
  return { samples, floor };
}
