import type { Access } from '../catalog/access/access.js';
import { ApiError } from '../api-error.js';
import type { AdminHandlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';
import type { Query } from './query.js';

const LIMITS = { default: 20, max: 100 };
const workspaceCursor = createAgeCursor('workspaces');
const apiKeyCursor = createAgeCursor('api_keys');
const environmentKeyCursor = createAgeCursor('environment_keys');

/** Workspaces and keys. */
export function accessHandlers({ workspaces, apiKeys, environmentKeys }: Access) {
  return {
    'drover.workspaces.create': ({ principal, body }) => workspaces.create(principal, body),
    'drover.workspaces.list': async ({ principal, query }) =>
      toPageCursor(await workspaces.list(principal, readPage(query, workspaceCursor, LIMITS)), workspaceCursor),
    'drover.workspaces.archive': ({ principal, param }) => workspaces.archive(principal, param('workspace_id')),
    'drover.apiKeys.create': ({ principal, body }) => apiKeys.create(principal, body),
    'drover.apiKeys.list': async ({ principal, query }) => {
      const workspace_id = query.text('workspace_id');
      const page = readPage(query, apiKeyCursor, LIMITS);
      const found = await apiKeys.list(principal, { ...page, ...(workspace_id !== undefined && { workspace_id }) });
      return toPageCursor(found, apiKeyCursor);
    },
    'drover.apiKeys.revoke': ({ principal, param }) => apiKeys.revoke(principal, param('api_key_id')),
    'drover.environmentKeys.create': ({ principal, body }) => environmentKeys.create(principal, body),
    'drover.environmentKeys.list': async ({ principal, query }) => {
      const environment_id = required(query, 'environment_id');
      const page = readPage(query, environmentKeyCursor, LIMITS);
      return toPageCursor(await environmentKeys.list(principal, { ...page, environment_id }), environmentKeyCursor);
    },
    'drover.environmentKeys.revoke': ({ principal, param }) =>
      environmentKeys.revoke(principal, param('environment_key_id')),
  } satisfies Partial<AdminHandlers>;
}

function required(query: Query, name: string): string {
  const value = query.text(name);
  if (value === undefined) throw new ApiError('invalid_request_error', `${name}: is required`);
  return value;
}
