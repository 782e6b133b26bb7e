import Anthropic from '@anthropic-ai/sdk';
import type { ApiKeyInfo } from '../../src/catalog/access/api-keys.js';
import type { EnvironmentKeyInfo } from '../../src/catalog/access/environment-keys.js';
import type { Scope } from '../../src/catalog/access/principal.js';
import type { Workspace } from '../../src/catalog/access/workspaces.js';
import { API_KEY } from './app.js';

interface Server {
  url: string;
  /** The server’s own key; default that of the test server. */
  adminKey?: string;
}

export interface AdminAnswer<Body> {
  status: number;
  body: Body;
}

/** A request to a route of ours, with the server's own key unless told otherwise. */
export async function adminRequest<Body>(
  { url, adminKey = API_KEY }: Server,
  path: string,
  { body, key = adminKey }: { body?: object; key?: string } = {},
): Promise<AdminAnswer<Body>> {
  const method = body === undefined ? 'GET' : 'POST';
  const headers = { authorization: `Bearer ${key}` };
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(`${url}/drover/${path}`, init);
  // What the route answers with, which the caller says.
  return { status: response.status, body: (await response.json()) as Body };
}

export interface NewKey extends ApiKeyInfo {
  key: string;
}

/** A workspace of its own, and a client with a key to it. */
export async function newWorkspace(server: Server, scopes?: Scope[]) {
  const { body: workspace } = await adminRequest<Workspace>(server, 'workspaces', { body: { name: 'other' } });
  const key = await newKey(server, { workspace_id: workspace.id, ...(scopes && { scopes }) });
  return { workspace, key, client: clientWith(server, key.key) };
}

export async function newKey(
  server: Server,
  params: { workspace_id?: string; scopes?: Scope[] } = {},
): Promise<NewKey> {
  const { body } = await adminRequest<NewKey>(server, 'api_keys', { body: { name: 'k', ...params } });
  return body;
}

export async function newEnvironmentKey(server: Server, environment_id: string) {
  const body = { name: 'worker', environment_id };
  return (await adminRequest<EnvironmentKeyInfo & { key: string }>(server, 'environment_keys', { body })).body;
}

/** The official SDK with this key, without retries. */
export function clientWith({ url }: Server, apiKey: string): Anthropic {
  return new Anthropic({ apiKey, baseURL: url, maxRetries: 0 });
}
