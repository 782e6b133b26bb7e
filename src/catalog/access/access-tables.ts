export interface AccessTables {
  workspaces: WorkspaceRow;
  api_keys: ApiKeyRow;
}

export interface WorkspaceRow {
  id: string;
  name: string;
  created_at: number;
  /** From then on nothing is begun in it, and no key opens it. */
  archived_at: number | null;
}

export interface ApiKeyRow {
  id: string;
  workspace: string;
  /** Of a key for the workers of an environment; null for a key of the API. */
  environment_id: string | null;
  name: string;
  /** Separated by spaces; none for an environment's key. */
  scopes: string;
  /** Of its text, which is not kept: sha-256, in hex. */
  hash: string;
  hint: string;
  created_at: number;
  revoked_at: number | null;
}
