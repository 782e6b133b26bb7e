export interface VaultTables {
  vaults: VaultRow;
  vault_credentials: VaultCredentialRow;
}

export interface VaultRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: a VaultSettings. */
  settings: string;
}

export interface VaultCredentialRow {
  id: string;
  workspace: string;
  vault_id: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: a CredentialSettings. */
  settings: string;
  /** What it is for, once among the active ones of a vault. Null once it is archived. */
  target: string | null;
  /** The vault key that the secret is sealed under. Null once it is archived. */
  key_id: string | null;
  /** JSON, sealed: a Secret. Null once it is archived. */
  secret: Uint8Array | null;
}
