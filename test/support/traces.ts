import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Every place in a data directory where one of these texts is: columns of all tables there are, whatever they are called,
 * and files, by their paths and by their bytes. Databases are looked at through their tables; Temporal's is its own.
 */
export function findTraces(dataDir: string, texts: readonly string[]): string[] {
  const databases = ['catalog.db', 'projection.db'];
  const inTables = databases.flatMap((name) => tracesInTables(join(dataDir, name), texts).map((at) => `${name} ${at}`));
  return [...inTables, ...tracesInFiles(dataDir, texts)];
}

function tracesInTables(path: string, texts: readonly string[]): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = db.prepare("select name from sqlite_schema where type = 'table'").all();
    return tables.flatMap(({ name }) => tracesInTable(db, String(name), texts));
  } finally {
    db.close();
  }
}

function tracesInTable(db: DatabaseSync, table: string, texts: readonly string[]): string[] {
  const found = new Set<string>();
  for (const row of db.prepare(`select * from "${table}"`).iterate()) {
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
  const bytes = readFileSync(path);
  return texts.some((text) => bytes.includes(text));
}
