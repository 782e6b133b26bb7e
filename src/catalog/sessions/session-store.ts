import { ApiError } from '../../api-error.js';
import type { SessionStatus } from '../../session/session.js';
import type { Database } from '../../storage/database.js';
import { countFitting } from '../../storage/page-size.js';
import { type AgeCursor, comesAfter, type SortOrder } from '../page.js';
import type { SessionRow } from './session-tables.js';

/** A place in the list of sessions, good for the order it was made in. */
export interface SessionCursor extends AgeCursor {
  order: SortOrder;
  /** `next`: the page follows this row; `prev`: it ends before it. */
  direction: 'next' | 'prev';
}

export interface SessionQuery {
  limit: number;
  order: SortOrder;
  page?: SessionCursor;
  agent_id?: string;
  /** Counts only beside `agent_id`. */
  agent_version?: number;
  created_at?: { gt?: number; gte?: number; lt?: number; lte?: number };
  deployment_id?: string;
  memory_store_id?: string;
  include_archived?: boolean;
  statuses?: SessionStatus[];
}

export interface SessionRows {
  rows: SessionRow[];
  next: SessionCursor | null;
  prev: SessionCursor | null;
}

/** The row of a session that a client may see; `not_found_error` when there is none. */
export async function readSession(db: Database, workspace: string, id: string): Promise<SessionRow> {
  const row = await selectVisible(db, workspace).where('sessions.id', '=', id).executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no session ${id}.`);
  return row;
}

/**
 * A page of sessions by age. The filters look at what is stored beside them, which may lag a moment behind their states:
 * who shows the rows looks again.
 */
export async function listSessionRows(db: Database, workspace: string, query: SessionQuery): Promise<SessionRows> {
  checkCursor(query);
  const forward = query.page?.direction !== 'prev';
  const fit = await countFitting(selectPage(db, workspace, query, forward), 'sessions.agent');
  const limit = Math.min(query.limit, fit);
  const found = await selectPage(db, workspace, { ...query, limit }, forward).execute();
  const rows = found.slice(0, limit);
  if (!forward) rows.reverse();
  return { rows, ...neighbours(rows, query, { forward, more: found.length > limit }) };
}

function selectVisible(db: Database, workspace: string) {
  return db
    .selectFrom('sessions')
    .selectAll('sessions')
    .where('sessions.workspace', '=', workspace)
    .where('sessions.started_at', 'is not', null)
    .where('sessions.deleted_at', 'is', null);
}

function selectFiltered(db: Database, workspace: string, filter: SessionQuery) {
  const { created_at, statuses } = filter;
  let query = selectVisible(db, workspace);
  if (filter.include_archived !== true) query = query.where('sessions.archived_at', 'is', null);
  if (filter.agent_id !== undefined) {
    query = query.where('sessions.agent_id', '=', filter.agent_id);
    if (filter.agent_version !== undefined) query = query.where('sessions.agent_version', '=', filter.agent_version);
  }
  if (filter.deployment_id !== undefined) query = query.where('sessions.deployment_id', '=', filter.deployment_id);
  const { memory_store_id } = filter;
  if (memory_store_id !== undefined) {
    query = query.where('sessions.id', 'in', (eb) =>
      eb.selectFrom('session_resources').select('session_id').where('memory_store_id', '=', memory_store_id),
    );
  }
  if (created_at?.gt !== undefined) query = query.where('sessions.created_at', '>', created_at.gt);
  if (created_at?.gte !== undefined) query = query.where('sessions.created_at', '>=', created_at.gte);
  if (created_at?.lt !== undefined) query = query.where('sessions.created_at', '<', created_at.lt);
  if (created_at?.lte !== undefined) query = query.where('sessions.created_at', '<=', created_at.lte);
  if (statuses !== undefined) {
    query = query.where((eb) => {
      const states = eb.selectFrom('projection.session_states').select('session_id').where('status', 'in', statuses);
      // Those at work are few: found first, and sorted. Of the others there may be any number: each session is asked, in
      // the list's order.
      if (statuses.every(isOfFew)) return eb('sessions.id', 'in', states);
      return eb.exists(states.whereRef('session_id', '=', 'sessions.id'));
    });
  }
  return query;
}

function isOfFew(status: SessionStatus): boolean {
  return status === 'running' || status === 'rescheduling';
}

function selectPage(db: Database, workspace: string, filter: SessionQuery, forward: boolean) {
  const order = (filter.order === 'desc') === forward ? 'desc' : 'asc';
  const { page, limit } = filter;
  let query = selectFiltered(db, workspace, filter);
  if (page) {
    query = query.where(comesAfter(order, { 'sessions.created_at': page.created_at, 'sessions.id': page.id }));
  }
  return query
    .orderBy('sessions.created_at', order)
    .orderBy('sessions.id', order)
    .limit(limit + 1);
}

/** The cursors on both sides. On the side that was come from there is the row of the cursor itself. */
function neighbours(
  rows: SessionRow[],
  { order, page }: SessionQuery,
  { forward, more }: { forward: boolean; more: boolean },
): Pick<SessionRows, 'next' | 'prev'> {
  const first = rows.at(0);
  const last = rows.at(-1);
  const hasNext = !forward || more;
  const hasPrev = forward ? page !== undefined : more;
  return {
    next: last && hasNext ? at(last, order, 'next') : null,
    prev: first && hasPrev ? at(first, order, 'prev') : null,
  };
}

function at({ created_at, id }: SessionRow, order: SortOrder, direction: 'next' | 'prev'): SessionCursor {
  return { created_at, id, order, direction };
}

function checkCursor({ page, order, created_at = {} }: SessionQuery): void {
  if (!page) return;
  if (page.order !== order) {
    throw new ApiError('invalid_request_error', `page: this cursor was made with order "${page.order}"`);
  }
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = created_at;
  const inside = page.created_at > gt && page.created_at >= gte && page.created_at < lt && page.created_at <= lte;
  if (!inside) throw new ApiError('invalid_request_error', 'page: this cursor lies outside of the created_at filter');
}
