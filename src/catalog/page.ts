import { sql, type SqlBool } from 'kysely';

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

/** For lists whose newest come first: the rows that follow, by the columns `created_at` and `id`. */
export function olderThan({ created_at, id }: AgeCursor) {
  return sql<SqlBool>`(created_at, id) < (${created_at}, ${id})`;
}

/** Cuts a page out of one row more than was asked for. */
export function cutPage<Row, Cursor>(rows: Row[], limit: number, at: (row: Row) => Cursor): Page<Row, Cursor> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next: rows.length > limit && last !== undefined ? at(last) : null };
}
