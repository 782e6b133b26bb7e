import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';
import { toTimestamp } from '../clock.js';
import type { VaultCredentialRow } from './vault-tables.js';
import { type Auth, type Secret, type SplitAuth, targetOf } from './credential-auth.js';

export type Credential = Anthropic.Beta.Vaults.BetaManagedAgentsCredential;
/** What is stored of a credential in the clear. */
export interface CredentialSettings {
  display_name: string | null;
  metadata: Record<string, string>;
  auth: Auth;
}

/** The columns that hold an authentication: what may be shown among the settings, the secret sealed. */
export function sealAuth(secrets: Secrets, id: string, settings: Omit<CredentialSettings, 'auth'>, split: SplitAuth) {
  const stored: CredentialSettings = { ...settings, auth: split.auth };
  return {
    settings: JSON.stringify(stored),
    target: targetOf(split.auth),
    ...secrets.seal(id, JSON.stringify(split.secret)),
  };
}

/** Undefined once it is purged. */
export function openSecret(secrets: Secrets, { id, key_id, secret }: VaultCredentialRow): Secret | undefined {
  if (key_id === null || secret === null) return undefined;
  // Sealed above, and the seal shows that it is the same.
  return JSON.parse(secrets.open(id, { key_id, secret })) as Secret;
}

export function settingsOf(row: VaultCredentialRow): CredentialSettings {
  // Written above and by nothing else.
  return JSON.parse(row.settings) as CredentialSettings;
}

export function toCredential(row: VaultCredentialRow): Credential {
  const { auth, display_name, metadata } = settingsOf(row);
  return {
    type: 'vault_credential',
    id: row.id,
    vault_id: row.vault_id,
    display_name,
    auth,
    metadata,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    archived_at: toTimestamp(row.archived_at),
  };
}

export interface CredentialAt {
  workspace: string;
  vaultId: string;
  id: string;
}

/** One credential's row; `not_found_error` when that vault has none of this id. */
export async function readCredentialRow(db: Database, { workspace, vaultId, id }: CredentialAt) {
  const row = await db
    .selectFrom('vault_credentials')
    .selectAll()
    .where('id', '=', id)
    .where('vault_id', '=', vaultId)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no credential ${id} in vault ${vaultId}.`);
  return row;
}
