import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';
import { type Clock, toTimestamp } from '../clock.js';
import type { VaultCredentialRow } from './vault-tables.js';
import type { Announce } from '../webhooks/announce.js';
import { type OAuth, type Secret, withExpiry } from './credential-auth.js';
import { openSecret, sealAuth, settingsOf } from './credential-row.js';
import type { Exchange, SeenResponse } from './exchange.js';
import { requestTokens, type Tokens } from './token-request.js';

export type Refreshed =
  /** With the token to use from now on. */
  | { status: 'succeeded'; access_token: string }
  | { status: 'failed'; http_response: SeenResponse }
  | { status: 'connect_error' | 'no_refresh_token' };

/**
 * Exchanges the refresh token of a credential for which a server has refused this access token, and stores what comes
 * back. Of several that ask at the same time one does it for all; where it was done meanwhile the new token is given.
 */
export type Refresher = (id: string, refused: string) => Promise<Refreshed>;

export interface RefresherDeps {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  exchange: Exchange;
  announce: Announce;
}

export function createRefresher(deps: RefresherDeps): Refresher {
  const inFlight = new Map<string, Promise<Refreshed>>();
  return (id, refused) => {
    const running = inFlight.get(id) ?? refresh(deps, id, refused).finally(() => inFlight.delete(id));
    inFlight.set(id, running);
    return running;
  };
}

async function refresh(deps: RefresherDeps, id: string, refused: string): Promise<Refreshed> {
  const found = await read(deps, id);
  const { access_token } = found?.secret ?? {};
  if (access_token !== undefined && access_token !== refused) return { status: 'succeeded', access_token };
  if (!found?.auth.refresh || found.secret.refresh_token === undefined) return { status: 'no_refresh_token' };
  const { refresh_token } = found.secret;
  const answer = await requestTokens(deps.exchange, found.auth.refresh, { ...found.secret, refresh_token });
  if (answer.status !== 'succeeded') return (await replacedOrFailed(deps, id, found)) ?? answer;
  await insist(() => store(deps, id, found, answer.tokens));
  return { status: 'succeeded', access_token: answer.tokens.access_token };
}

/** Others were given meanwhile: then these are what counts. Else it is announced that the refresh has failed. */
function replacedOrFailed(deps: RefresherDeps, id: string, used: Found): Promise<Refreshed | undefined> {
  return deps.db.transaction().execute(async (tx) => {
    const now = await read({ ...deps, db: tx }, id);
    const { access_token } = now?.secret ?? {};
    if (!now) return undefined;
    if (isDeepStrictEqual(now.secret, used.secret)) {
      const { vault_id } = now.row;
      await deps.announce(tx, { type: 'vault_credential.refresh_failed', id, vault_id });
      return undefined;
    }
    const isNew = access_token !== undefined && access_token !== used.secret.access_token;
    return isNew ? { status: 'succeeded', access_token } : undefined;
  });
}

const PAUSES_MS = [100, 500, 2_000];

/** The server has taken the old refresh token back: what it gave for it is nowhere else. */
async function insist(act: () => Promise<void>): Promise<void> {
  for (const pause of PAUSES_MS) {
    try {
      return await act();
    } catch {
      await sleep(pause);
    }
  }
  await act();
}

interface Found {
  row: VaultCredentialRow;
  auth: OAuth;
  secret: Secret;
}

async function read({ db, secrets }: Pick<RefresherDeps, 'db' | 'secrets'>, id: string): Promise<Found | undefined> {
  const row = await db.selectFrom('vault_credentials').selectAll().where('id', '=', id).executeTakeFirst();
  const secret = row && openSecret(secrets, row);
  if (!row || !secret) return undefined;
  const { auth } = settingsOf(row);
  return auth.type === 'mcp_oauth' ? { row, auth, secret } : undefined;
}

/** Unless the credential was archived, deleted or given other secrets meanwhile. */
async function store(deps: RefresherDeps, id: string, used: Found, tokens: Tokens): Promise<void> {
  const { secrets, clock } = deps;
  await deps.db.transaction().execute(async (db) => {
    const now = await read({ db, secrets }, id);
    if (!now || !isDeepStrictEqual(now.secret, used.secret)) return;
    const { display_name, metadata } = settingsOf(now.row);
    const at = clock();
    const expires_at = tokens.expires_in === undefined ? null : toTimestamp(at + tokens.expires_in * 1_000);
    const { access_token, refresh_token = used.secret.refresh_token ?? '' } = tokens;
    const split = { auth: withExpiry(now.auth, expires_at), secret: { ...now.secret, access_token, refresh_token } };
    const columns = { ...sealAuth(secrets, id, { display_name, metadata }, split), updated_at: at };
    await db.updateTable('vault_credentials').set(columns).where('id', '=', id).execute();
  });
}
