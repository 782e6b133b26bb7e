export interface DeploymentTables {
  deployments: DeploymentRow;
  deployment_runs: DeploymentRunRow;
}

export interface DeploymentRow {
  id: string;
  workspace: string;
  agent_id: string;
  agent_version: number;
  /** JSON: a DeploymentSettings. */
  settings: string;
  /** The vault key that the tokens of its resources are sealed under; null when it has none. */
  key_id: string | null;
  /** JSON, sealed: those tokens, by the index of the resource. */
  secret: Uint8Array | null;
  /** JSON: expression and time zone; null when it is run by hand only. */
  schedule: string | null;
  /** JSON: null unless it is paused. */
  paused_reason: string | null;
  /** Rises whenever what its Schedule at Temporal has to say changes; 0 when it never had one. */
  schedule_revision: number;
  /** 1 until the Schedule is known to say it. */
  unsynced: number;
  last_run_at: number | null;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
}

export interface DeploymentRunRow {
  id: string;
  workspace: string;
  deployment_id: string;
  agent_id: string;
  agent_version: number;
  trigger_type: 'schedule' | 'manual';
  /** Once for each deployment; null when it was run by hand. */
  scheduled_at: number | null;
  /** While it is pending, the id that its session will have. */
  session_id: string | null;
  /** JSON: why there is no session. */
  error: string | null;
  /** 1 while its session is being made; such a row is invisible. */
  pending: number;
  created_at: number;
}
