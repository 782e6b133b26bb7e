import { z } from 'zod';
import type { Agents } from '../catalog/agents/agents.js';
import type { Handlers } from './handler.js';
import { createAgeCursor, createCursor, readPage, toPageCursor } from './page.js';

const LIMITS = { default: 20, max: 100 };
const cursor = createAgeCursor('agents');
const versionCursor = createCursor('agent_versions', z.strictObject({ version: z.int() }));

/** Endpoints §2. */
export function agentHandlers(agents: Agents): Handlers {
  return {
    'agents.create': ({ body }) => agents.create(body),
    'agents.retrieve': ({ param, query }) =>
      agents.retrieve(param('agent_id'), query.integer('version', { min: 1, max: Number.MAX_SAFE_INTEGER })),
    'agents.update': ({ param, body }) => agents.update(param('agent_id'), body),
    'agents.list': async ({ query }) => {
      const created_at = query.times('created_at', ['gte', 'lte']);
      const page = await agents.list({
        ...readPage(query, cursor, LIMITS),
        include_archived: query.flag('include_archived') ?? false,
        ...(created_at && { created_at }),
      });
      return toPageCursor(page, cursor);
    },
    'agents.archive': ({ param }) => agents.archive(param('agent_id')),
    'agents.versions.list': async ({ param, query }) => {
      const page = await agents.listVersions({ id: param('agent_id'), ...readPage(query, versionCursor, LIMITS) });
      return toPageCursor(page, versionCursor);
    },
  };
}
