import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';

/** Where a server keeps everything. */
export interface Kept {
  dataDir: string;
  /** Where its rows are, as `openDatabase` takes it. */
  place: string;
}

/**
 * Every place where one of these texts is: columns of all tables there are, whatever they are called, as
 * `schema.table.column`, and files of the data directory, by their paths and by their bytes. Databases are looked at
 * through their tables; Temporal's is its own.
 */
export async function findTraces({ dataDir, place }: Kept, texts: readonly string[]): Promise<string[]> {
  const inTables = place === dataDir ? tracesInSqlite(dataDir, texts) : await tracesInPostgres(place, texts);
  return [...inTables, ...tracesInFiles(dataDir, texts)];
}

type Row = Record<string, unknown>;

function tracesInSqlite(dataDir: string, texts: readonly string[]): string[] {
  return ['catalog', 'projection'].flatMap((name) => {
    const db = new DatabaseSync(join(dataDir, `${name}.db`), { readOnly: true });
    try {
      const tables = db.prepare("select name from sqlite_schema where type = 'table'").all();
      return tables.flatMap((table) => {
        const rows: Iterable<Row> = db.prepare(`select * from "${String(table['name'])}"`).iterate();
        return tracesInRows(`${name}.${String(table['name'])}`, rows, texts);
      });
    } finally {
      db.close();
    }
  });
}

async function tracesInPostgres(place: string, texts: readonly string[]): Promise<string[]> {
  const db = new Client(place);
  await db.connect();
  try {
    const { rows: tables } = await db.query<{ schema: string; name: string }>(
      `select table_schema as schema, table_name as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const found: string[] = [];
    for (const { schema, name } of tables) {
      const { rows } = await db.query<Row>(`select * from "${schema}"."${name}"`);
      found.push(...tracesInRows(`${schema === 'public' ? 'catalog' : schema}.${name}`, rows, texts));
    }
    return found;
  } finally {
    await db.end();
  }
}

function tracesInRows(table: string, rows: Iterable<Row>, texts: readonly string[]): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    for (const [column, value] of Object.entries(row)) {
      const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));
      if (texts.some((text) => bytes.includes(text))) found.add(`${table}.${column}`);
    }
  }
  return [...found];
}

function tracesInFiles(dataDir: string, texts: readonly string[]): string[] {
  const entries = readdirSync(dataDir, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = relative(dataDir, join(entry.parentPath, entry.name));
    if (/\.db(-wal|-shm|-journal)?$/.test(path)) return [];
    const isNamed = texts.some((text) => path.includes(text));
    return isNamed || (entry.isFile() && holds(join(dataDir, path), texts)) ? [path] : [];
  });
}

function holds(path: string, texts: readonly string[]): boolean {
  // What has gone by now holds nothing.
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  return texts.some((text) => bytes.includes(text));
}
