import type Anthropic from '@anthropic-ai/sdk';
import type { Secrets } from '../../vault/secrets.js';
import { toTimestamp } from '../clock.js';
import type { VaultCredentialRow } from './vault-tables.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';
import type { Secret } from './credential-auth.js';
import { openSecret, settingsOf } from './credential-row.js';
import { type Exchange, showAnswer } from './exchange.js';
import { type Probed, probeServer } from './mcp-probe.js';
import type { Refreshed, Refresher } from './refresher.js';

export type Validation = Anthropic.Beta.Vaults.BetaManagedAgentsCredentialValidation;
type Verdict = Pick<Validation, 'status' | 'mcp_probe' | 'refresh'>;

/**
 * Tries an `mcp_oauth` credential at its server (behaviours §6.4); on a 401 its token is refreshed, and the new one tried.
 * `invalid` is what a server has said of it; what only did not work is `unknown`.
 */
export async function validateCredential(
  { secrets, exchange, refresher }: ValidationDeps,
  row: VaultCredentialRow,
): Promise<Validation> {
  const { auth } = settingsOf(row);
  if (auth.type !== 'mcp_oauth')
    throw invalid('credential_id', `credential ${row.id} is "${auth.type}", not "mcp_oauth"`);
  const secret = openSecret(secrets, row) ?? {};
  const probe = (token: string) => probeServer(exchange, auth.mcp_server_url, token);
  const verdict = await judge(probe, secret, (refused) => refresher(row.id, refused));
  return {
    type: 'vault_credential_validation',
    credential_id: row.id,
    vault_id: row.vault_id,
    validated_at: toTimestamp(Date.now()),
    has_refresh_token: secret.refresh_token !== undefined,
    ...verdict,
  };
}

export interface ValidationDeps {
  secrets: Secrets;
  exchange: Exchange;
  refresher: Refresher;
}

type Probe = (token: string) => Promise<Probed>;
type Refresh = (refused: string) => Promise<Refreshed>;

async function judge(probe: Probe, secret: Secret, refresh: Refresh): Promise<Verdict> {
  const { access_token } = secret;
  if (access_token === undefined) return { status: 'invalid', mcp_probe: null, refresh: null };
  const first = await probe(access_token);
  if (first.status === 'accepted' || first.answer?.status !== 401) {
    return { status: STATUS[first.status], mcp_probe: show(first, secret), refresh: null };
  }
  const refreshed = await refresh(access_token);
  if (refreshed.status !== 'succeeded') {
    return { status: statusOf(refreshed), mcp_probe: show(first, secret), refresh: outcome(refreshed) };
  }
  const second = await probe(refreshed.access_token);
  const known = { ...secret, token: refreshed.access_token };
  return { status: STATUS[second.status], mcp_probe: show(second, known), refresh: outcome(refreshed) };
}

const STATUS = { accepted: 'valid', refused: 'invalid', unclear: 'unknown' } as const;

/** The server has refused the token; what is open is whether there is another. */
function statusOf(refreshed: Exclude<Refreshed, { status: 'succeeded' }>): Validation['status'] {
  switch (refreshed.status) {
    case 'no_refresh_token':
      return 'invalid';
    case 'connect_error':
      return 'unknown';
    case 'failed': {
      const { status_code } = refreshed.http_response;
      return status_code >= 500 || status_code === 429 ? 'unknown' : 'invalid';
    }
    default:
      return unreachable(refreshed);
  }
}

function outcome(refreshed: Refreshed): Validation['refresh'] {
  const http_response = refreshed.status === 'failed' ? refreshed.http_response : null;
  return { status: refreshed.status, http_response };
}

function show(probed: Probed, secret: Secret): Validation['mcp_probe'] {
  if (probed.status === 'accepted') return null;
  const { method, answer } = probed;
  return { method, http_response: answer ? showAnswer(answer, Object.values(secret)) : null };
}
