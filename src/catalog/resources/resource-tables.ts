export interface ResourceTables {
  session_resources: SessionResourceRow;
  session_outputs: SessionOutputRow;
}

/** Something that a session was given. */
export interface SessionResourceRow {
  session_id: string;
  /** In the order in which the session got them. */
  position: number;
  /** Null for a memory store. */
  id: string | null;
  type: 'file' | 'github_repository' | 'memory_store';
  /** The session's own file; null for other types. */
  file_id: string | null;
  memory_store_id: string | null;
  created_at: number;
  updated_at: number;
  /** JSON: the ResourceSettings of the type. */
  settings: string;
  /** The vault key that the token is sealed under; null when there is none. */
  key_id: string | null;
  /** Sealed: a repository's token. */
  secret: Uint8Array | null;
}

/** A file that a session has made, as it was last seen in its sandbox. */
export interface SessionOutputRow {
  session_id: string;
  /** Below the directory of outputs. */
  path: string;
  /** Says that it has not changed when it is the same. */
  stamp: string;
  size_bytes: number;
  content: string;
  file_id: string;
}
