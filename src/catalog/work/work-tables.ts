export interface WorkTables {
  work_items: WorkItemRow;
  work_tokens: WorkTokenRow;
  work_pollers: WorkPollerRow;
}

export interface WorkItemRow {
  id: string;
  workspace: string;
  environment_id: string;
  session_id: string;
  /** The session again while the item is not stopped, else null: one open item a session. */
  open_session: string | null;
  /** The event that it was queued for. */
  input: string;
  state: 'queued' | 'starting' | 'active' | 'stopping' | 'stopped';
  /** JSON: a Metadata. */
  metadata: string;
  ttl_seconds: number;
  /** The hash of the token of who claimed it last; null when that is over. */
  token: string | null;
  created_at: number;
  claimed_at: number | null;
  acknowledged_at: number | null;
  started_at: number | null;
  latest_heartbeat_at: number | null;
  /** Whoever has it in hand has it until then. */
  lease_until: number | null;
  stop_requested_at: number | null;
  stopped_at: number | null;
}

/** Every token that a claim was given of late, past ones too: who has lost an item can be told so. */
export interface WorkTokenRow {
  /** Of its text, which is not kept: sha-256, in hex. */
  hash: string;
  work_id: string;
  /** The environment key that the item was claimed with; null where it was claimed before this was noted. */
  key_id: string | null;
  given_at: number;
}

export interface WorkPollerRow {
  environment_id: string;
  worker_id: string;
  workspace: string;
  polled_at: number;
}
