import { CompiledQuery, type QueryResult, sql } from 'kysely';
import type { Database } from '../../src/storage/database.js';
import { STORE } from './database.js';

/** How a store would carry a query out. */
export interface QueryPlan {
  /** Each reading of a table that looks at all of it, and each sorting. */
  walks: string[];
  /** By what it looks rows up in indexes. */
  lookups: string;
  /** The whole, for a person. */
  text: string;
}

/** Notes every query that goes to the database outside of transactions; `take` gives those since the last call. */
export function recordQueries(db: Database): { take(): CompiledQuery[] } {
  const executor = db.getExecutor();
  const execute = executor.executeQuery.bind(executor);
  let seen: CompiledQuery[] = [];
  executor.executeQuery = <Row>(query: CompiledQuery<Row>): Promise<QueryResult<Row>> => {
    seen.push(query);
    return execute(query);
  };
  return { take: () => seen.splice(0) };
}

/** The plan of a query, as it would be if the tables were large. */
export function planOf(db: Database, query: CompiledQuery): Promise<QueryPlan> {
  return STORE === 'sqlite' ? sqlitePlan(db, query) : postgresPlan(db, query);
}

async function sqlitePlan(db: Database, { sql: text, parameters }: CompiledQuery): Promise<QueryPlan> {
  const explain = CompiledQuery.raw(`explain query plan ${text}`, [...parameters]);
  const { rows } = await db.executeQuery<{ detail: string }>(explain);
  const details = rows.map(({ detail }) => detail);
  const walks = details.filter((detail) => /^SCAN (?!CONSTANT)|TEMP B-TREE/.test(detail));
  return {
    walks,
    lookups: details.filter((detail) => detail.startsWith('SEARCH')).join('\n'),
    text: details.join('\n'),
  };
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  Plans?: Node[];
}

async function postgresPlan(db: Database, { sql: text, parameters }: CompiledQuery): Promise<QueryPlan> {
  const explain = CompiledQuery.raw(`explain (format json, costs off) ${text}`, [...parameters]);
  const { rows } = await db.connection().execute(async (connection) => {
    // A small table is read whole, whatever there is. What is still read or sorted like this has no index to go by.
    for (const way of ['seqscan', 'sort', 'bitmapscan', 'hashjoin', 'mergejoin', 'material']) {
      await sql`set enable_${sql.raw(way)} = off`.execute(connection);
    }
    return connection.executeQuery<{ 'QUERY PLAN': [{ Plan: Node }] }>(explain);
  });
  const nodes = rows.flatMap((row) => flatten(row['QUERY PLAN'][0].Plan));
  const walks = nodes.filter((node) => /Seq Scan|Sort|Bitmap/.test(node['Node Type']) || isWhole(node));
  return {
    walks: walks.map((node) => `${node['Node Type']} ${node['Relation Name'] ?? ''}`),
    lookups: nodes.flatMap((node) => node['Index Cond'] ?? []).join('\n'),
    text: JSON.stringify(rows, null, 1),
  };
}

/** An index without a condition is the table, in another order. */
function isWhole(node: Node): boolean {
  return node['Node Type'].startsWith('Index') && node['Index Cond'] === undefined;
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
