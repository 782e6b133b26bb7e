import type { DreamQuery, Dreams } from '../catalog/dreams/dreams.js';
import type { Call, Handlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';

const LIMITS = { default: 20, max: 100 };
const cursor = createAgeCursor('dreams');

/** Endpoints §10. */
export function dreamHandlers(dreams: Dreams): Handlers {
  return {
    'dreams.create': ({ body }) => dreams.create(body),
    'dreams.retrieve': ({ param }) => dreams.retrieve(param('dream_id')),
    'dreams.list': async ({ query }) => toPageCursor(await dreams.list(readQuery(query)), cursor),
    'dreams.archive': ({ param }) => dreams.archive(param('dream_id')),
    'dreams.cancel': ({ param }) => dreams.cancel(param('dream_id')),
  };
}

function readQuery(query: Call['query']): DreamQuery {
  const statuses = query.list('statuses', ['pending', 'running', 'completed', 'failed', 'canceled']);
  const created_at = query.times('created_at', ['gt', 'lt']);
  return {
    ...readPage(query, cursor, LIMITS),
    include_archived: query.flag('include_archived') ?? false,
    ...(statuses && { statuses }),
    ...(created_at && { created_at }),
  };
}
