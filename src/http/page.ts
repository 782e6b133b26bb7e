import { z } from 'zod';
import { ApiError } from '../api-error.js';
import type { AgeCursor, ArchivableQuery, Page } from '../catalog/page.js';
import type { Query } from './query.js';

/** One kind of cursor: opaque outside, refused by every list but the one that made it. */
export interface Cursor<Position> {
  encode(position: Position): string;
  decode(text: string): Position;
}

/** `list` is written into the cursor; the schema says what a position of it looks like. */
export function createCursor<Position>(list: string, schema: z.ZodType<Position>): Cursor<Position> {
  const sealed = z.tuple([z.literal(list), schema]);
  return {
    encode: (position) => PREFIX + Buffer.from(JSON.stringify([list, position])).toString('base64url'),
    decode: (text) => {
      const result = sealed.safeParse(unseal(text));
      if (result.success) return result.data[1];
      throw new ApiError('invalid_request_error', 'page: this is not a cursor of this list');
    },
  };
}

/** Lists by age, of which several nouns have one. */
export function createAgeCursor(list: string): Cursor<AgeCursor> {
  return createCursor(list, z.strictObject({ created_at: z.int(), id: z.string() }));
}

/** `limit` and `page` of a request. */
export function readPage<Position>(
  query: Query,
  cursor: Cursor<Position>,
  limits: { default: number; max: number },
): { limit: number; page?: Position } {
  const limit = query.integer('limit', { min: 1, max: limits.max }) ?? limits.default;
  const page = query.text('page');
  return page === undefined ? { limit } : { limit, page: cursor.decode(page) };
}

/** A list of the newest first that leaves archived things out unless asked for them: reads the query, gives the response. */
export function createArchivableList(list: string, limits = { default: 20, max: 100 }) {
  const cursor = createAgeCursor(list);
  return async <Item>(query: Query, read: (query: ArchivableQuery) => Promise<Page<Item, AgeCursor>>) => {
    const include_archived = query.flag('include_archived') ?? false;
    return toPageCursor(await read({ ...readPage(query, cursor, limits), include_archived }), cursor);
  };
}

/** The PageCursor form of a response. */
export function toPageCursor<Item, Position>(page: Page<Item, Position>, cursor: Cursor<Position>) {
  return { data: page.data, next_page: page.next === null ? null : cursor.encode(page.next) };
}

const PREFIX = 'page_';

function unseal(text: string): unknown {
  if (!text.startsWith(PREFIX)) return undefined;
  try {
    return JSON.parse(Buffer.from(text.slice(PREFIX.length), 'base64url').toString()) as unknown;
  } catch {
    return undefined;
  }
}
