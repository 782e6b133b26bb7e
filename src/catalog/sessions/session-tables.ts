export interface SessionTables {
  sessions: SessionRow;
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
  /** 1 when its environment is: workers run its tools. */
  self_hosted: number;
  /** The deployment whose run made it. */
  deployment_id: string | null;
  /** JSON: an array of ids. */
  vault_ids: string;
  created_at: number;
  /** Null until its workflow has begun; such a row is invisible. */
  started_at: number | null;
  /** For the list's filter; the state says when. */
  archived_at: number | null;
  /** Set before the deletion begins; such a row is invisible. */
  deleted_at: number | null;
}
