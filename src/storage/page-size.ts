import { type SelectQueryBuilder, sql } from 'kysely';

/**
 * What is in a page comes to this many bytes at most, unless its first row does so alone: neither to read a page nor to
 * send it may take all memory. It ends early then, and readers go on where it ends, as always.
 */
export const LARGEST_PAGE = 32 * 1024 * 1024;

/** How many of the first of these rows fit in a page, by the bytes of their one large column; one at least. */
export async function countFitting<DB, TB extends keyof DB, Row>(
  rows: SelectQueryBuilder<DB, TB, Row>,
  column: string,
): Promise<number> {
  const size = sql<number>`octet_length(${sql.ref(column)})`;
  const sized = rows.clearSelect().select(size.as('size')).$castTo<{ size: number }>();
  return fitting(await sized.execute(), LARGEST_PAGE);
}

/** The same of rows whose sizes are known. */
export function fitting(rows: readonly { size: number }[], largest: number): number {
  let sum = 0;
  const tooMany = rows.findIndex(({ size }) => (sum += size) > largest);
  return tooMany < 0 ? Math.max(1, rows.length) : Math.max(1, tooMany);
}
