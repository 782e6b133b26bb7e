import { z } from 'zod';
import type { SessionQuery } from '../catalog/sessions/session-store.js';
import type { SessionCatalog } from '../catalog/sessions/sessions.js';
import type { Handlers } from './handler.js';
import { createCursor, readPage } from './page.js';
import type { Query } from './query.js';

const LIMITS = { default: 20, max: 100 };
const ORDERS = ['asc', 'desc'] as const;
export const SESSION_STATUSES = ['rescheduling', 'running', 'idle', 'terminated'] as const;

const cursor = createCursor(
  'sessions',
  z.strictObject({ created_at: z.int(), id: z.string(), order: z.enum(ORDERS), direction: z.enum(['next', 'prev']) }),
);

/** Endpoints §4. */
export function sessionHandlers(sessions: SessionCatalog): Handlers {
  return {
    'sessions.create': ({ body }) => sessions.create(body),
    'sessions.retrieve': ({ param }) => sessions.retrieve(param('session_id')),
    'sessions.update': ({ param, body }) => sessions.update(param('session_id'), body),
    'sessions.list': async ({ query }) => {
      const { data, next, prev } = await sessions.list(readSessionQuery(query));
      return { data, next_page: next && cursor.encode(next), prev_page: prev && cursor.encode(prev) };
    },
    'sessions.delete': ({ param }) => sessions.delete(param('session_id')),
    'sessions.archive': ({ param }) => sessions.archive(param('session_id')),
  };
}

function readSessionQuery(query: Query): SessionQuery {
  const created_at = query.times('created_at', ['gt', 'gte', 'lt', 'lte']);
  const statuses = query.list('statuses', SESSION_STATUSES);
  const agent_id = query.text('agent_id');
  const agent_version = query.integer('agent_version', { min: 1, max: Number.MAX_SAFE_INTEGER });
  const deployment_id = query.text('deployment_id');
  const memory_store_id = query.text('memory_store_id');
  return {
    ...readPage(query, cursor, LIMITS),
    order: query.oneOf('order', ORDERS) ?? 'desc',
    include_archived: query.flag('include_archived') ?? false,
    ...(created_at && { created_at }),
    ...(statuses && { statuses }),
    ...(agent_id !== undefined && { agent_id }),
    ...(agent_version !== undefined && { agent_version }),
    ...(deployment_id !== undefined && { deployment_id }),
    ...(memory_store_id !== undefined && { memory_store_id }),
  };
}
