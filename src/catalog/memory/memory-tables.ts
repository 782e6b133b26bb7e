/** The tables of memory stores. */
export interface MemoryTables {
  memory_stores: MemoryStoreRow;
  memories: MemoryRow;
  memory_versions: MemoryVersionRow;
  memory_mounts: MemoryMountRow;
  memory_mount_files: MemoryMountFileRow;
}

export interface MemoryStoreRow {
  id: string;
  workspace: string;
  created_at: number;
  updated_at: number;
  archived_at: number | null;
  /** JSON: a StoreSettings. */
  settings: string;
  /** Counts up with every write to what is in it. */
  revision: number;
}

export interface MemoryRow {
  id: string;
  workspace: string;
  memory_store_id: string;
  /** Once in a store. */
  path: string;
  /** The newest version, which has the content. */
  memory_version_id: string;
  content_sha256: string;
  content_size_bytes: number;
  created_at: number;
  updated_at: number;
}

export interface MemoryVersionRow {
  id: string;
  workspace: string;
  memory_store_id: string;
  /** It may be deleted by now. */
  memory_id: string;
  operation: 'created' | 'modified' | 'deleted';
  /** Null once it is redacted, as are the next three; those are so of a deletion too. */
  path: string | null;
  /** UTF-8. */
  content: Uint8Array | null;
  content_sha256: string | null;
  content_size_bytes: number | null;
  created_by_type: 'session_actor' | 'api_actor' | 'user_actor' | 'service_account_actor';
  created_by_id: string;
  created_at: number;
  redacted_at: number | null;
  redacted_by_type: MemoryVersionRow['created_by_type'] | null;
  redacted_by_id: string | null;
}

/** A store in a session's sandbox. */
export interface MemoryMountRow {
  session_id: string;
  memory_store_id: string;
  /** The directory that the rows below are true of. */
  place: string;
  /** The store's revision that it has. */
  revision: number;
}

/** A file there that was the same as its memory when last looked at. */
export interface MemoryMountFileRow {
  session_id: string;
  memory_store_id: string;
  path: string;
  content_sha256: string;
}
