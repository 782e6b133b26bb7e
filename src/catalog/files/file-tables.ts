export interface FileTables {
  files: FileRow;
}

export interface FileRow {
  id: string;
  workspace: string;
  filename: string;
  mime_type: string;
  size_bytes: number;
  /** The hash of its bytes; null once it has expired and they are gone. */
  content: string | null;
  /** The session that made it or has it as a copy of its own; null for what was uploaded. */
  session_id: string | null;
  /** 1 for what a session has made, 0 for what was uploaded and its copies. */
  downloadable: number;
  created_at: number;
  expires_at: number | null;
}
