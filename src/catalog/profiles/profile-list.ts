import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { comesAfter, cutPage, type Page, type SortOrder } from '../page.js';
import type { UserProfileRow } from './profile-tables.js';
import { EVERYONES_STATUS, settingsOf } from './profile-form.js';

/** A place in the list of profiles, good for the order it was made in. */
export type ProfileCursor =
  | { order_by: 'created_at'; order: SortOrder; created_at: number; id: string }
  | { order_by: 'name'; order: SortOrder; name: string | null; id: string };

export interface ProfileQuery {
  limit: number;
  page?: ProfileCursor;
  order: SortOrder;
  order_by: ProfileCursor['order_by'];
  /** Any of these; all when absent. */
  enforcement_status?: Anthropic.UserProfileEnforcementStatus[];
}

/** What profiles are ordered by when they are ordered by name. */
export function nameKeyOf(name: string | null): string | null {
  return name === null ? null : name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** A page of rows. By name, those that have none come last in either direction. */
export async function listProfiles(
  db: Database,
  workspace: string,
  query: ProfileQuery,
): Promise<Page<UserProfileRow, ProfileCursor>> {
  const { limit, order, order_by, page } = query;
  if (page && (page.order !== order || page.order_by !== order_by)) {
    const made = `order_by "${page.order_by}" and order "${page.order}"`;
    throw new ApiError('invalid_request_error', `page: this cursor was made with ${made}`);
  }
  if (query.enforcement_status?.includes(EVERYONES_STATUS) === false) return { data: [], next: null };
  const rows = await (order_by === 'name' ? selectByName : selectByAge)(db, workspace, query);
  return cutPage(rows, limit, (row) => positionOf(row, query));
}

function positionOf(row: UserProfileRow, { order, order_by }: ProfileQuery): ProfileCursor {
  const { id, created_at } = row;
  if (order_by === 'created_at') return { order_by, order, created_at, id };
  return { order_by, order, name: settingsOf(row).name, id };
}

function selectByAge(db: Database, workspace: string, { limit, order, page }: ProfileQuery) {
  let query = db.selectFrom('user_profiles').selectAll().where('workspace', '=', workspace);
  if (page?.order_by === 'created_at')
    query = query.where(comesAfter(order, { created_at: page.created_at, id: page.id }));
  return query
    .orderBy('created_at', order)
    .orderBy('id', order)
    .limit(limit + 1)
    .execute();
}

/** Two ranges of the index: in one walk the side on which the nameless stand would turn with the direction. */
async function selectByName(db: Database, workspace: string, query: ProfileQuery): Promise<UserProfileRow[]> {
  const after = query.page?.order_by === 'name' ? query.page : undefined;
  const named = after?.name === null ? [] : await selectNamed(db, workspace, query, after);
  const missing = query.limit + 1 - named.length;
  if (missing === 0) return named;
  return [...named, ...(await selectNameless(db, workspace, query.order, missing, after))];
}

type NameCursor = Extract<ProfileCursor, { order_by: 'name' }>;

function selectNamed(db: Database, workspace: string, { limit, order }: ProfileQuery, after?: NameCursor) {
  let query = db
    .selectFrom('user_profiles')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('name_key', 'is not', null);
  const key = nameKeyOf(after?.name ?? null);
  if (after && key !== null) query = query.where(comesAfter(order, { name_key: key, id: after.id }));
  return query
    .orderBy('name_key', order)
    .orderBy('id', order)
    .limit(limit + 1)
    .execute();
}

function selectNameless(db: Database, workspace: string, order: SortOrder, count: number, after?: NameCursor) {
  let query = db
    .selectFrom('user_profiles')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('name_key', 'is', null);
  if (after?.name === null) query = query.where('id', order === 'asc' ? '>' : '<', after.id);
  // The first of them is the same in all; Postgres takes the order of the index only so.
  return query.orderBy('name_key', order).orderBy('id', order).limit(count).execute();
}
