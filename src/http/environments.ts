import type { Environments } from '../catalog/environments/environments.js';
import type { Handlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';

const LIMITS = { default: 20, max: 100 };
const cursor = createAgeCursor('environments');

/** Endpoints §3. */
export function environmentHandlers(environments: Environments): Handlers {
  return {
    'environments.create': ({ body }) => environments.create(body),
    'environments.retrieve': ({ param }) => environments.retrieve(param('environment_id')),
    'environments.update': ({ param, body }) => environments.update(param('environment_id'), body),
    'environments.list': async ({ query }) => {
      const include_archived = query.flag('include_archived') ?? false;
      const page = await environments.list({ ...readPage(query, cursor, LIMITS), include_archived });
      return toPageCursor(page, cursor);
    },
    'environments.delete': ({ param }) => environments.delete(param('environment_id')),
    'environments.archive': ({ param }) => environments.archive(param('environment_id')),
  };
}
