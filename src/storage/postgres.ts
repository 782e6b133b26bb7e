import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, TypeOverrides, types } from 'pg';
import { explainFailure } from './postgres-failure.js';

/**
 * Kysely's dialect over a pool of connections to a Postgres server. Values come as they do from SQLite: whole numbers as
 * numbers, bytes as Uint8Array. A server that cannot be reached, or can take nothing in, rejects with `unavailable_error`.
 */
export function createPostgresDialect(url: string): Dialect {
  return new PostgresDialect({ pool: async () => adapt(openPool(url)) });
}

const CONNECTIONS = 16;
/** Also how long a query waits for one of the connections. */
const CONNECT_MS = 10_000;

function openPool(url: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'drover',
    types: valueTypes(),
  });
  // A connection that is lost is told to its query, if it has one; without listeners it would end the process.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return pool;
}

function ignore(): void {}

function valueTypes(): TypeOverrides {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, toNumber);
  // What `sum` makes of bigint.
  overrides.setTypeParser(types.builtins.NUMERIC, toNumber);
  const toBuffer: (text: string) => Uint8Array = types.getTypeParser(types.builtins.BYTEA);
  overrides.setTypeParser(types.builtins.BYTEA, (text) => new Uint8Array(toBuffer(text)));
  return overrides;
}

function toNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Error(`${text} is too large for a number.`);
  return value;
}

function adapt(pool: Pool): PostgresPool {
  return {
    connect: async () => adaptClient(await explained(pool.connect())),
    end: () => pool.end(),
  };
}

function adaptClient(client: PoolClient): PostgresPoolClient {
  const query = (sql: string, parameters: readonly unknown[]) => {
    const asked = explained(client.query(sql, [...parameters]));
    // What a lost connection had begun the server rolls back by itself; an error here would hide the first.
    return sql === 'rollback' ? asked.catch(() => NOTHING) : asked;
  };
  // Of the two forms of `query` the one for cursors is not used: they would be given to the dialect first.
  return { query, release: () => client.release() } as unknown as PostgresPoolClient;
}

const NOTHING = { command: 'ROLLBACK', rowCount: 0, rows: [] };

async function explained<Result>(attempt: Promise<Result>): Promise<Result> {
  try {
    return await attempt;
  } catch (error) {
    throw explainFailure(error);
  }
}
