import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, type SchemaModule, sql } from 'kysely';
import type { Tables } from '../../src/storage/database.js';
import { openDatabase } from '../../src/storage/open.js';
import { createPortableTypes } from '../../src/storage/portable-types.js';
import { createPostgresDialect } from '../../src/storage/postgres.js';
import { createSqliteDialect } from '../../src/storage/sqlite.js';
import { dropDatabase, newDatabase, STORE } from '../support/database.js';

const MIGRATIONS = join(__dirname, '../../src/storage/migrations');

let dir: string;
let place: string;
let db: Kysely<Tables>;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'drover-migrations-'));
  place = await newDatabase(dir, { migrated: false });
  db = openBare();
});
afterEach(async () => {
  await db.destroy();
  await dropDatabase(place);
  rmSync(dir, { recursive: true, force: true });
});

/** As `openDatabase` does, but without any table. */
function openBare(): Kysely<Tables> {
  if (STORE === 'postgres')
    return new Kysely({ dialect: createPostgresDialect(place), plugins: [createPortableTypes()] });
  const files = { catalog: join(dir, 'catalog.db'), projection: join(dir, 'projection.db') };
  return new Kysely({ dialect: createSqliteDialect(files) });
}

interface Step {
  up(schema: SchemaModule, db: Kysely<Tables>): Promise<void>;
}

function stepsOf(part: string): Step[] {
  const names = readdirSync(MIGRATIONS).filter((name) => name.startsWith(`${part}-`));
  // A module of that directory is a step.
  return names.toSorted().map((name) => jest.requireActual<Step>(join(MIGRATIONS, name)));
}

interface Column {
  table: string;
  name: string;
  type: string;
}

/** Tables in the order in which they were made: those that others refer to come first. */
async function columns(): Promise<Column[]> {
  const query =
    STORE === 'postgres'
      ? sql<Column>`select table_name as "table", column_name as name, data_type as type
          from information_schema.columns where table_schema = 'public'
          order by (quote_ident(table_name)::regclass)::oid`
      : sql<Column>`select m.name as "table", c.name as name, lower(c.type) as type
          from sqlite_schema as m join pragma_table_info(m.name) as c where m.type = 'table'`;
  return (await query.execute(db)).rows;
}

/** One row in each table that has none of these yet, with something in every column that is there by now. */
async function fill(filled: Set<string>): Promise<void> {
  const byTable = Map.groupBy(await columns(), ({ table }) => table);
  for (const [table, all] of byTable) {
    if (filled.has(table)) continue;
    filled.add(table);
    const names = sql.join(all.map(({ name }) => sql.ref(name)));
    const values = sql.join(
      all.map(({ type }) => (/blob|bytea/.test(type) ? new Uint8Array(1) : /int/.test(type) ? 1 : '1')),
    );
    await sql`insert into ${sql.table(table)} (${names}) values (${values})`.execute(db);
  }
}

test('each step goes over tables that have rows, and keeps them', async () => {
  const filled = new Set<string>();
  for (const step of stepsOf('catalog')) {
    await step.up(db.schema, db);
    await fill(filled);
  }
  expect(filled.size).toBeGreaterThan(20);
  for (const table of filled) {
    const { rows } = await sql`select 1 from ${sql.table(table)}`.execute(db);
    expect([table, rows.length]).not.toEqual([table, 0]);
  }
});

test('every step there is, is carried out', async () => {
  const here = await openDatabase(place);
  for (const [table, part] of [
    ['schema_version', 'catalog'],
    ['projection.schema_version', 'projection'],
  ] as const) {
    const { version } = await here
      .selectFrom(table)
      .select(({ fn }) => fn.max('version').as('version'))
      .executeTakeFirstOrThrow();
    expect([part, version]).toEqual([part, stepsOf(part).length]);
  }
  await here.destroy();
});
