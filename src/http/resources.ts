import { z } from 'zod';
import type { SessionResources } from '../catalog/resources/session-resources.js';
import type { Handlers } from './handler.js';
import { createCursor, readPage, toPageCursor } from './page.js';

/** More than a session can have: without a limit all of them come. */
const LIMITS = { default: 1_000, max: 1_000 };
const cursor = createCursor('session_resources', z.int());

/** Endpoints §4, rows 30-34. */
export function resourceHandlers(resources: SessionResources): Handlers {
  return {
    'sessions.resources.retrieve': ({ param }) => resources.retrieve(param('session_id'), param('resource_id')),
    'sessions.resources.update': ({ param, body }) => resources.update(param('session_id'), param('resource_id'), body),
    'sessions.resources.list': async ({ param, query }) =>
      toPageCursor(await resources.list(param('session_id'), readPage(query, cursor, LIMITS)), cursor),
    'sessions.resources.delete': ({ param }) => resources.delete(param('session_id'), param('resource_id')),
    'sessions.resources.add': ({ param, body }) => resources.add(param('session_id'), body),
  };
}
