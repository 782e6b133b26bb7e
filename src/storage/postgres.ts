import { type Dialect, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, TypeOverrides, types } from 'pg';
import { explainFailure, isLost, LOST_CONNECTION } from './postgres-failure.js';

export interface PostgresOptions {
  /** How long a statement may take before its server counts as gone; 0 for as long as it takes. Default half a minute. */
  answerMs?: number;
}

/**
 * Kysely's dialect over a pool of connections to a Postgres server. Values come as they do from SQLite: whole numbers as
 * numbers, bytes as Uint8Array. A server that cannot be reached, does not answer, or can take nothing in, rejects with
 * `unavailable_error`: then what was being committed may or may not have been.
 */
export function createPostgresDialect(url: string, { answerMs = ANSWER_MS }: PostgresOptions = {}): Dialect {
  return new PostgresDialect({ pool: async () => adapt(openPool(url, answerMs)) });
}

const CONNECTIONS = 16;
/** Also how long a query waits for one of the connections. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
/** A network that goes silent tells nobody: without a word for so long, the other side is asked whether it is there. */
const SILENCE_MS = 10_000;

function openPool(url: string, answerMs: number): Pool {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: SILENCE_MS,
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
  let lost = false;
  const query = async (sql: string, parameters: readonly unknown[]) => {
    // What a lost connection had begun the server rolls back by itself; an error here would hide the first.
    if (lost && sql === 'rollback') return NOTHING;
    if (lost) throw explainFailure(LOST_CONNECTION);
    try {
      return await client.query(isBegin(sql) ? `${sql}; ${LEAVE_WHEN_IDLE}` : sql, [...parameters]);
    } catch (error) {
      lost = isLost(error);
      if (lost && sql === 'rollback') return NOTHING;
      throw explainFailure(error);
    }
  };
  // A lost one is closed: the answer that has not come would go to who has it next.
  const release = () => client.release(lost);
  // Of the two forms of `query` the one for cursors is not used: they would be given to the dialect first.
  return { query, release } as unknown as PostgresPoolClient;
}

const NOTHING = { command: 'ROLLBACK', rowCount: 0, rows: [] };

function isBegin(sql: string): boolean {
  return sql === 'begin' || sql.startsWith('start transaction');
}

/** Of a machine that has vanished in the midst of a transaction the server would keep the locks for hours. */
const LEAVE_WHEN_IDLE = `set local idle_in_transaction_session_timeout = ${2 * ANSWER_MS}`;

async function explained<Result>(attempt: Promise<Result>): Promise<Result> {
  try {
    return await attempt;
  } catch (error) {
    throw explainFailure(error);
  }
}
