import type { Anthropic } from '@anthropic-ai/sdk';

export type Auth = Anthropic.Beta.Vaults.CredentialCreateParams['auth'];

export const URL = 'https://mcp.example.com/mcp';
export const BEARER = { type: 'static_bearer', token: 'tok', mcp_server_url: URL } as const satisfies Auth;
export const VARIABLE = {
  type: 'environment_variable',
  secret_name: 'API_KEY',
  secret_value: 'val',
  networking: { type: 'unrestricted' },
} as const satisfies Auth;
export const OAUTH = {
  type: 'mcp_oauth',
  mcp_server_url: URL,
  access_token: 'acc',
  expires_at: '2099-01-01T00:00:00+01:00',
  refresh: {
    client_id: 'client',
    refresh_token: 'ref',
    token_endpoint: 'https://auth.example.com/token',
    token_endpoint_auth: { type: 'client_secret_post', client_secret: 'sec' },
    resource: URL,
    scope: 'read',
  },
} as const satisfies Auth;

/** One of many that may be in a vault together. */
export function variable(n: number): Auth {
  return { ...VARIABLE, secret_name: `N${n}` };
}
