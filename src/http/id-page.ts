import type { IdPage, IdQuery } from '../catalog/id-page.js';
import type { Query } from './query.js';

/** `limit`, `after_id` and `before_id` of a request: the older way of paging. */
export function readIdQuery(query: Query): IdQuery {
  const after_id = query.text('after_id');
  const before_id = query.text('before_id');
  return {
    limit: query.integer('limit', { min: 1, max: 1000 }) ?? 20,
    ...(after_id !== undefined && { after_id }),
    ...(before_id !== undefined && { before_id }),
  };
}

/** The Page form of a response. */
export function toIdPage<Item extends { id: string }>({ data, has_more }: IdPage<Item>) {
  return { data, has_more, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
}
