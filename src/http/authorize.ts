import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../api-error.js';
import type { Principal, Scope } from '../catalog/access/principal.js';
import { DEFAULT_WORKSPACE } from '../catalog/workspace.js';
import { type Caller, CALLERS } from './callers.js';
import { type AnyRoute, isAdminRoute } from './routes.js';

/**
 * Lets a principal call a route or throws: `permission_error` where it may not, `not_found_error` where it names another
 * environment than the one that it works for.
 */
export function authorize(principal: Principal, route: AnyRoute, params: Readonly<Record<string, string>>): void {
  const [, , operation] = route;
  const callers: readonly Caller[] = CALLERS[operation] ?? ['api_key'];
  if (!callers.includes(principal.kind)) {
    throw new ApiError('permission_error', `${operation} cannot be called with ${NAMES[principal.kind]}.`);
  }
  switch (principal.kind) {
    case 'api_key':
      if (isOfOrganization(route)) checkOrganization(principal);
      return checkScope(principal.scopes, scopeOf(route));
    case 'environment_key':
      return checkEnvironment(principal.environmentId, params['environment_id']);
  }
}

/** A key belongs to one workspace: naming that changes nothing, and others are not there for it. */
export function checkWorkspace({ workspace }: Principal, headers: IncomingHttpHeaders): void {
  const named = headers['anthropic-workspace-id'];
  if (named === undefined || named === '' || named === workspace) return;
  throw new ApiError('not_found_error', `There is no workspace ${String(named)}.`);
}

const NAMES: Readonly<Record<Caller, string>> = { api_key: 'an API key', environment_key: 'an environment key' };

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

function checkEnvironment(own: string, named: string | undefined): void {
  if (named !== undefined && named !== own) throw new ApiError('not_found_error', `There is no environment ${named}.`);
}
