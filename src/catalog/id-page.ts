import { ApiError } from '../api-error.js';

/** The older way of paging: by the ids around the page. */
export interface IdQuery {
  limit: number;
  after_id?: string;
  before_id?: string;
}

export interface IdPage<Item> {
  data: Item[];
  has_more: boolean;
}

/** Takes a page out of a list that is short enough to be read whole. */
export function takeIdPage<Item extends { id: string }>(
  listed: readonly Item[],
  { limit, after_id, before_id }: IdQuery,
): IdPage<Item> {
  const start = after_id === undefined ? 0 : indexOf(listed, after_id, 'after_id') + 1;
  const end = before_id === undefined ? listed.length : indexOf(listed, before_id, 'before_id');
  const window = listed.slice(start, end);
  // Going back, the page is the one that ends right before `before_id`.
  const data = before_id === undefined ? window.slice(0, limit) : window.slice(-limit);
  return { data, has_more: window.length > limit };
}

function indexOf(listed: readonly { id: string }[], id: string, field: string): number {
  const index = listed.findIndex((item) => item.id === id);
  if (index < 0) throw new ApiError('invalid_request_error', `${field}: there is no ${id} in this list`);
  return index;
}
