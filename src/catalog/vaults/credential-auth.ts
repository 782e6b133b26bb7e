import { createHash } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import { parseTimestamp, toTimestamp } from '../clock.js';
import { invalid } from '../validate.js';
import type { CredentialCreate, CredentialUpdate } from './credential-schema.js';
import { normalizeUrl } from './plain-url.js';

export type Auth = Anthropic.Beta.Vaults.BetaManagedAgentsCredential['auth'];
export type OAuth = Extract<Auth, { type: 'mcp_oauth' }>;
type Variable = Extract<Auth, { type: 'environment_variable' }>;
type AuthCreate = CredentialCreate['auth'];
type AuthUpdate = NonNullable<CredentialUpdate['auth']>;
type OAuthCreate = Extract<AuthCreate, { type: 'mcp_oauth' }>;
type VariableCreate = Extract<AuthCreate, { type: 'environment_variable' }>;
type OAuthUpdate = Extract<AuthUpdate, { type: 'mcp_oauth' }>;
type VariableUpdate = Extract<AuthUpdate, { type: 'environment_variable' }>;
type RefreshUpdate = NonNullable<OAuthUpdate['refresh']>;

/** What is sealed of a credential, by the wire's names. */
export interface Secret {
  token?: string;
  access_token?: string;
  refresh_token?: string;
  client_secret?: string;
  secret_value?: string;
}

/** What may be shown of a credential, and what may not. */
export interface SplitAuth<Shown = Auth> {
  auth: Shown;
  secret: Secret;
}

/** Parts what came in. */
export function splitAuth(params: AuthCreate): SplitAuth {
  // No switch that ends in an error: that would tell what it was given.
  if (params.type === 'mcp_oauth') return splitOAuth(params);
  if (params.type === 'environment_variable') return splitVariable(params);
  const { token, ...auth } = params;
  return { auth, secret: { token } };
}

/** The stored credential with an update merged in: what is omitted stays, and so does a secret for which null is sent. */
export function mergeAuth({ auth, secret }: SplitAuth, update: AuthUpdate): SplitAuth {
  if (auth.type === 'static_bearer' && update.type === 'static_bearer') {
    return { auth, secret: { ...secret, ...given('token', update.token) } };
  }
  if (auth.type === 'mcp_oauth' && update.type === 'mcp_oauth') return mergeOAuth({ auth, secret }, update);
  if (auth.type === 'environment_variable' && update.type === 'environment_variable') {
    return { auth: mergeVariable(auth, update), secret: { ...secret, ...given('secret_value', update.secret_value) } };
  }
  throw invalid('auth.type', `this credential is "${auth.type}", which cannot change to "${update.type}"`);
}

/** The time is absent when it is not known. */
export function withExpiry({ type, mcp_server_url, refresh = null }: OAuth, expires_at: string | null): OAuth {
  const ms = expires_at === null ? undefined : parseTimestamp(expires_at);
  const known = ms === undefined ? {} : { expires_at: toTimestamp(ms) };
  return { type, mcp_server_url, ...known, refresh };
}

/** What no two active credentials of a vault may have in common. */
export function targetOf(auth: Auth): string {
  if (auth.type === 'environment_variable') return `env ${auth.secret_name}`;
  const url = normalizeUrl(auth.mcp_server_url);
  return url.length <= LONGEST_TARGET ? `mcp ${url}` : `mcp ${createHash('sha256').update(url).digest('hex')}`;
}

/** An index of Postgres takes 2,700 bytes, and letters that are no ASCII are nine each in a URL. */
const LONGEST_TARGET = 2_048;

function splitOAuth({ access_token, expires_at, refresh, type, mcp_server_url }: OAuthCreate): SplitAuth<OAuth> {
  const shown = withExpiry({ type, mcp_server_url }, expires_at ?? null);
  if (!refresh) return { auth: shown, secret: { access_token } };
  const { client_id, token_endpoint, token_endpoint_auth, refresh_token } = refresh;
  const [resource, scope] = [refresh.resource || null, refresh.scope || null];
  const secret = token_endpoint_auth.type === 'none' ? {} : { client_secret: token_endpoint_auth.client_secret };
  return {
    auth: {
      ...shown,
      refresh: { client_id, token_endpoint, token_endpoint_auth: { type: token_endpoint_auth.type }, resource, scope },
    },
    secret: { access_token, refresh_token, ...secret },
  };
}

function splitVariable(params: VariableCreate): SplitAuth {
  const { secret_value, injection_location = { body: true, header: true }, ...auth } = params;
  const { body = false, header = false } = injection_location;
  return { auth: withLocation(auth, { body, header }), secret: { secret_value } };
}

function mergeOAuth({ auth, secret }: SplitAuth<OAuth>, update: OAuthUpdate): SplitAuth<OAuth> {
  const expires_at = update.expires_at === undefined ? auth.expires_at : update.expires_at;
  const shown = withExpiry(auth, expires_at ?? null);
  const { refresh_token, client_secret } = secret;
  const access = { ...given('access_token', secret.access_token), ...given('access_token', update.access_token) };
  if (update.refresh === null) return { auth: { ...shown, refresh: null }, secret: access };
  const kept = { ...access, ...given('refresh_token', refresh_token), ...given('client_secret', client_secret) };
  if (update.refresh === undefined) return { auth: shown, secret: kept };
  const merged = mergeRefresh(auth.refresh, update.refresh);
  return { auth: { ...shown, refresh: merged.refresh }, secret: { ...kept, ...merged.secret } };
}

function mergeRefresh(stored: OAuth['refresh'], update: RefreshUpdate) {
  if (!stored) throw invalid('auth.refresh', 'this credential was created without one; create another that has it');
  const client = update.token_endpoint_auth;
  if (client && stored.token_endpoint_auth.type === 'none') {
    throw invalid('auth.refresh.token_endpoint_auth', 'this credential has "none", which cannot be changed');
  }
  const scope = update.scope === undefined ? (stored.scope ?? null) : update.scope || null;
  return {
    // The client secret may be another, the way in which it is sent may not.
    refresh: { ...stored, scope },
    secret: { ...given('refresh_token', update.refresh_token), ...given('client_secret', client?.client_secret) },
  };
}

function mergeVariable(stored: Variable, update: VariableUpdate): Variable {
  const networking = update.networking ?? stored.networking;
  return withLocation({ ...stored, networking }, { ...stored.injection_location, ...update.injection_location });
}

function withLocation(auth: Omit<Variable, 'injection_location'>, location: Variable['injection_location']): Variable {
  if (!location.body && !location.header) throw invalid('auth.injection_location', 'body, header or both must be true');
  return { ...auth, injection_location: location };
}

function given(name: keyof Secret, value: string | null | undefined): Secret {
  return value == null ? {} : { [name]: value };
}
