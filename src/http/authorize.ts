import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';
import type { Principal, Scope } from '../catalog/access/principal.js';
import { DEFAULT_WORKSPACE } from '../catalog/workspace.js';
import { type Caller, CALLERS } from './callers.js';
import { type AnyRoute, isAdminRoute } from './routes.js';

/** Lets a principal call a route or throws `permission_error`. What of it the principal may reach is another matter. */
export function authorize(principal: Principal, route: AnyRoute): void {
  const [, , operation] = route;
  const callers: readonly Caller[] = CALLERS[operation] ?? ['api_key'];
  if (!callers.includes(principal.kind)) {
    throw new ApiError('permission_error', `${operation} cannot be called with ${NAMES[principal.kind]}.`);
  }
  if (principal.kind === 'api_key') {
    if (isOfOrganization(route)) checkOrganization(principal);
    checkScope(principal.scopes, scopeOf(route));
  }
  // Its worker is told so at its next heartbeat, in words that it knows; until then it gets nothing.
  const isHeard = operation === 'environments.work.heartbeat' || operation === 'environments.work.ack';
  if (principal.kind === 'session_token' && principal.isStale && !isHeard) {
    throw new ApiError('authentication_error', 'The work item of this token is not in your hands any more.');
  }
}

/** A key belongs to one workspace: naming that changes nothing, and others are not there for it. */
export function checkWorkspace({ workspace }: Principal, headers: IncomingHttpHeaders): void {
  const named = headers['anthropic-workspace-id'];
  if (named === undefined || named === '' || named === workspace) return;
  throw new ApiError('not_found_error', `There is no workspace ${String(named)}.`);
}

const NAMES: Readonly<Record<Caller, string>> = {
  api_key: 'an API key',
  environment_key: 'an environment key',
  session_token: "a work item's token",
};

function scopeOf(route: AnyRoute): Scope {
  if (isAdminRoute(route) || isOfOrganization(route)) return 'admin';
  return route[0] === 'GET' ? 'read' : 'write';
}

function isOfOrganization([, path]: AnyRoute): boolean {
  return path.startsWith('/v1/organizations/');
}

/** What is the organization's tells of all workspaces. */
function checkOrganization({ workspace }: Principal): void {
  if (workspace === DEFAULT_WORKSPACE) return;
  throw new ApiError('permission_error', 'The organization is administered with a key of the default workspace.');
}

function checkScope(scopes: readonly Scope[], needed: Scope): void {
  if (!scopes.includes(needed)) throw new ApiError('permission_error', `This API key has no scope "${needed}".`);
}
