import type { SessionTokenHolder } from '../work/work-token.js';
import { DEFAULT_WORKSPACE } from '../workspace.js';

/**
 * What an API key opens: `read` what is fetched with GET, `write` the rest of the API, `admin` the server's own
 * routes and, in the default workspace, those of the organization.
 */
export const SCOPES = ['read', 'write', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Who makes a request: what the key that came with it stands for. */
export type Principal = ApiKeyPrincipal | EnvironmentKeyPrincipal | SessionTokenPrincipal;

export interface ApiKeyPrincipal {
  kind: 'api_key';
  keyId: string;
  workspace: string;
  scopes: readonly Scope[];
}

/** A worker of a self-hosted environment. */
export interface EnvironmentKeyPrincipal {
  kind: 'environment_key';
  keyId: string;
  workspace: string;
  environmentId: string;
}

/** A worker that has one work item in hand, and works for its session. */
export interface SessionTokenPrincipal extends SessionTokenHolder {
  kind: 'session_token';
  keyId: string;
}

/** The workspaces whose keys a principal may make and revoke: its own, and from the default one all. */
export function administers({ workspace }: Pick<Principal, 'workspace'>, other: string): boolean {
  return workspace === other || workspace === DEFAULT_WORKSPACE;
}
