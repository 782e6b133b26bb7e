import { type SelectQueryBuilder, sql, type SqlBool } from 'kysely';

/** A place in a list that is ordered by age: the row it follows. */
export interface AgeCursor {
  created_at: number;
  id: string;
}

export type SortOrder = 'asc' | 'desc';

export interface Page<Item, Cursor> {
  data: Item[];
  /** Where the next page starts; null when this is the last. */
  next: Cursor | null;
}

/** What is asked of a list whose newest come first. */
export interface AgeQuery {
  limit: number;
  page?: AgeCursor;
}

/** The same of things that can be archived, which are left out unless asked for. */
export interface ArchivableQuery extends AgeQuery {
  include_archived?: boolean;
}

/**
 * For `$call`: the newest rows first, from the page's cursor on, and one more than asked for, which `toPage` looks at.
 * `table` is needed where several have the columns `created_at` and `id`.
 */
export function newestFirst({ limit, page }: AgeQuery, table?: string) {
  const of = table === undefined ? '' : `${table}.`;
  const [created_at, id] = [`${of}created_at`, `${of}id`] as const;
  return <DB, TB extends keyof DB, Row>(rows: SelectQueryBuilder<DB, TB, Row>) => {
    const after = page ? rows.where(comesAfter('desc', { [created_at]: page.created_at, [id]: page.id })) : rows;
    return after
      .orderBy(sql.ref(created_at), 'desc')
      .orderBy(sql.ref(id), 'desc')
      .limit(limit + 1);
  };
}

/**
 * What follows a row in a list that is ordered by these columns, all in one direction: one range of an index that has
 * them. Said as `a < … or a = … and b < …` it would be no range, and a late page would walk all that is before it.
 */
export function comesAfter(order: SortOrder, row: Record<string, string | number>) {
  const columns = sql.join(Object.keys(row).map((column) => sql.ref(column)));
  const beyond = sql.raw(order === 'asc' ? '>' : '<');
  return sql<SqlBool>`(${columns}) ${beyond} (${sql.join(Object.values(row))})`;
}

/** For `$call`: the same of rows with a column `archived_at`. */
export function newestLiveFirst({ include_archived = false, ...query }: ArchivableQuery, table?: string) {
  const archived_at = sql.ref(table === undefined ? 'archived_at' : `${table}.archived_at`);
  return <DB, TB extends keyof DB, Row>(rows: SelectQueryBuilder<DB, TB, Row>) =>
    (include_archived ? rows : rows.where(sql<SqlBool>`${archived_at} is null`)).$call(newestFirst(query, table));
}

/** A page of rows that were read newest first. */
export function toPage<Row extends AgeCursor, Item>(
  rows: Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item, AgeCursor> {
  const { data, next } = cutPage(rows, limit, ({ created_at, id }) => ({ created_at, id }));
  return { data: data.map(toItem), next };
}

/** Cuts a page out of one row more than was asked for. */
export function cutPage<Row, Cursor>(rows: Row[], limit: number, at: (row: Row) => Cursor): Page<Row, Cursor> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next: rows.length > limit && last !== undefined ? at(last) : null };
}
