export interface DreamTables {
  dreams: DreamRow;
}

/** A dream, and how far it has come. */
export interface DreamRow {
  id: string;
  workspace: string;
  status: 'pending' | 'running' | 'completed' | 'failed' | 'canceled';
  /** JSON: a DreamSettings. */
  settings: string;
  /** The store that it writes into, of an `update_existing` one from the beginning. */
  output_store_id: string | null;
  /** The id that its session has, or will have. */
  session_id: string;
  /** What its session is made with; archived at the end. */
  agent_id: string | null;
  environment_id: string | null;
  /** When its session began. */
  started_at: number | null;
  ended_at: number | null;
  /** 1 while it may still write. */
  at_work: number;
  /** JSON: a DreamError. */
  error: string | null;
  /** JSON: what it had used at its end. */
  usage: string | null;
  created_at: number;
  archived_at: number | null;
}
