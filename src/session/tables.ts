/** The projection's tables, as Kysely sees them. They live in a database of their own (schema `projection`): drop it, and it is made again from Temporal's history. */
export interface ProjectionTables {
  'projection.threads': ThreadRow;
  'projection.log': LogRow;
  'projection.session_states': SessionStateRow;
}

/** How far a thread's history has been read. */
export interface ThreadRow {
  /** Workflow id. */
  thread: string;
  run_id: string;
  /** Temporal's page token: where the next read of this run starts. Null: from its beginning. */
  token: Uint8Array | null;
  /** Last history event read. Compared with the run's length, it says whether there is more. */
  last_event_id: number;
  /** The decoder's state as JSON: activity results that no entry has referred to yet. */
  decoder: string;
  /** Last entry decoded. */
  seq: number;
}

/** Added to the position of queued events: they stand after all others, by arrival. */
export const QUEUED = 2 ** 52;

export interface LogRow {
  thread: string;
  seq: number;
  kind: 'event' | 'processed' | 'assistant' | 'summary';
  event_id: string | null;
  type: string | null;
  /** Where it stands in the list: the seq at which it was processed, QUEUED + its own seq while queued. Null for what is not listed. */
  position: number | null;
  /** Milliseconds. */
  processed_at: number | null;
  /** JSON. An event as listed, but for `processed_at`. */
  body: string;
}

export interface SessionStateRow {
  session_id: string;
  status: string;
  /** A SessionState as JSON. */
  state: string;
  updated_at: number;
}
