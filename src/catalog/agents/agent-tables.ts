export interface AgentTables {
  agents: AgentRow;
  agent_versions: AgentVersionRow;
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
