/** The catalog's tables, as Kysely sees them. Times are milliseconds since the epoch; JSON is text. */
export interface CatalogTables {
  agents: AgentRow;
  agent_versions: AgentVersionRow;
  environments: EnvironmentRow;
  sessions: SessionRow;
}

export interface AgentRow {
  id: string;
  workspace: string;
  /** The current version. */
  version: number;
  created_at: number;
  archived_at: number | null;
}

export interface AgentVersionRow {
  agent_id: string;
  version: number;
  workspace: string;
  created_at: number;
  /** JSON: an AgentConfig. */
  config: string;
}

export interface EnvironmentRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: an EnvironmentSettings. */
  settings: string;
}

/** A session as it was created. What changes while it lives is its state, a fold of its log. */
export interface SessionRow {
  id: string;
  workspace: string;
  /** The primary thread's public id. */
  thread_id: string;
  agent_id: string;
  agent_version: number;
  /** JSON: the SessionAgent snapshot. */
  agent: string;
  environment_id: string;
  /** JSON: an array of ids. */
  vault_ids: string;
  /** JSON: an array of session resources. */
  resources: string;
  created_at: number;
  /** Null until its workflow has begun; such a row is invisible. */
  started_at: number | null;
  /** For the list's filter; the state says when. */
  archived_at: number | null;
  /** Set before the deletion begins; such a row is invisible. */
  deleted_at: number | null;
}
