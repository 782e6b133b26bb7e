import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type Dialect, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import { ApiError } from '../api-error.js';

/** The two files of a data directory. */
export interface SqliteFiles {
  catalog: string;
  /** Attached as schema `projection`. */
  projection: string;
}

/** Kysely's dialect over Node's own SQLite. A full disk rejects with `unavailable_error`; the connection stays usable and works again when there is space. */
export function createSqliteDialect(files: SqliteFiles): Dialect {
  return new SqliteDialect({ database: async () => adapt(open(files)) });
}

const CACHED_STATEMENTS = 200;
/** Result codes of SQLite: https://sqlite.org/rescode.html. */
const SQLITE_FULL = 13;

function open(files: SqliteFiles): DatabaseSync {
  const db = new DatabaseSync(files.catalog, { timeout: 5_000 });
  db.prepare('attach database ? as projection').run(files.projection);
  db.exec(`
    pragma main.journal_mode = wal;
    pragma projection.journal_mode = wal;
    pragma main.synchronous = full;
    pragma projection.synchronous = normal;
    pragma foreign_keys = on;
    pragma main.secure_delete = on;
  `);
  return db;
}

function adapt(db: DatabaseSync): SqliteDatabase {
  const cache = new Map<string, Prepared>();
  return {
    close: () => db.close(),
    prepare: (sql) => {
      // SQLite rolls back by itself when the disk is full; a second rollback would hide the reason.
      if (sql === 'rollback' && !db.isTransaction) return NOTHING;
      // What a transaction has read holds until it writes, for other processes too.
      return statement(() => cached(db, cache, sql === 'begin' ? 'begin immediate' : sql));
    },
  };
}

const NOTHING: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

interface Prepared {
  statement: StatementSync;
  /** Gives rows. */
  reader: boolean;
}

function cached(db: DatabaseSync, cache: Map<string, Prepared>, sql: string): Prepared {
  const known = cache.get(sql);
  if (known) return known;
  const prepared = db.prepare(sql);
  const entry = { statement: prepared, reader: prepared.columns().length > 0 };
  if (cache.size >= CACHED_STATEMENTS) cache.clear();
  cache.set(sql, entry);
  return entry;
}

function statement(prepare: () => Prepared): SqliteStatement {
  const { statement: prepared, reader } = explainFullDisk(prepare);
  return {
    reader,
    all: (parameters) => explainFullDisk(() => prepared.all(...bindable(parameters))),
    run: (parameters) => explainFullDisk(() => prepared.run(...bindable(parameters))),
    iterate: (parameters) => prepared.iterate(...bindable(parameters)),
  };
}

/** Kysely passes on what the typed tables hold: null, number, bigint, string and Uint8Array, which is all that SQLite binds. */
function bindable(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[];
}

function explainFullDisk<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new ApiError('unavailable_error', 'The disk of the data directory is full. Nothing was changed.', {
      retryAfter: 5,
    });
  }
}

function isDiskFull(error: unknown): boolean {
  // The low byte is the primary code; the rest says where it happened.
  return (
    typeof error === 'object' && error !== null && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_FULL
  );
}
