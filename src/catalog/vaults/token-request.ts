import { z } from 'zod';
import type { OAuth, Secret } from './credential-auth.js';
import { type Answer, type Exchange, formEncode, type SeenResponse, showAnswer } from './exchange.js';

export interface Tokens {
  access_token: string;
  /** The next one, when the server rotates them. */
  refresh_token: string | undefined;
  /** Seconds. */
  expires_in: number | undefined;
}

export type TokenAnswer =
  | { status: 'succeeded'; tokens: Tokens }
  | { status: 'failed'; http_response: SeenResponse }
  | { status: 'connect_error' };

type Refresh = NonNullable<OAuth['refresh']>;

/** Exchanges a refresh token at the token endpoint (RFC 6749 §6, with the resource of RFC 8707). */
export async function requestTokens(
  exchange: Exchange,
  refresh: Refresh,
  secret: Secret & { refresh_token: string },
): Promise<TokenAnswer> {
  const { client_secret = '', refresh_token, access_token = '' } = secret;
  const basic = Buffer.from(`${formEncode(refresh.client_id)}:${formEncode(client_secret)}`).toString('base64');
  const isBasic = refresh.token_endpoint_auth.type === 'client_secret_basic';
  const answer = await exchange(refresh.token_endpoint, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(isBasic && { authorization: `Basic ${basic}` }),
    },
    body: formOf(refresh, secret).toString(),
  });
  if (!answer) return { status: 'connect_error' };
  const tokens = tokensOf(answer);
  if (tokens) return { status: 'succeeded', tokens };
  return { status: 'failed', http_response: showAnswer(answer, [client_secret, refresh_token, access_token, basic]) };
}

function formOf(refresh: Refresh, { refresh_token, client_secret }: Secret & { refresh_token: string }) {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token });
  if (refresh.scope) form.set('scope', refresh.scope);
  if (refresh.resource) form.set('resource', refresh.resource);
  if (refresh.token_endpoint_auth.type === 'client_secret_basic') return form;
  form.set('client_id', refresh.client_id);
  if (refresh.token_endpoint_auth.type === 'client_secret_post') form.set('client_secret', client_secret ?? '');
  return form;
}

const tokensSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  refresh_token: z.string().min(1).optional().catch(undefined),
  expires_in: z.coerce.number().positive().max(1e9).optional().catch(undefined),
});

function tokensOf({ status, body }: Answer): Tokens | undefined {
  if (status < 200 || status > 299) return undefined;
  try {
    const { access_token, refresh_token, expires_in } = tokensSchema.parse(JSON.parse(body));
    return { access_token, refresh_token, expires_in };
  } catch {
    return undefined;
  }
}
