import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import type { FileRow } from './file-tables.js';
import { invalid } from '../validate.js';
import type { Turns } from './turns.js';

/** A file that is to get a copy in a session. */
export interface CopyRequest {
  file_id: string;
  /** What is said to be wrong when the file is not there. */
  field: string;
}

/** A session's own file, as it will be stored. */
export type NewCopy = Omit<FileRow, 'session_id' | 'created_at'> & { content: string };

export interface CopyDeps {
  db: Database;
  workspace: string;
  now: Clock;
}

/** A copy for each of these, in their order; refuses those that the workspace does not have, or that have expired. */
export async function planCopies(deps: CopyDeps, requests: readonly CopyRequest[]): Promise<NewCopy[]> {
  const { workspace } = deps;
  const files = await readUsable(deps, requests);
  return files.map(({ filename, mime_type, size_bytes, content }) => {
    const named = { filename, mime_type, size_bytes, content };
    // It is the session's for as long as that is there, whatever becomes of the file.
    return { id: newId('file'), workspace, ...named, downloadable: 0, expires_at: null };
  });
}

/** Files of the workspace whose bytes are there, in the order in which they are asked for; refuses the others by their field. */
export async function readUsable(deps: CopyDeps, requests: readonly CopyRequest[]): Promise<UsableFile[]> {
  const { db, workspace, now } = deps;
  const ids = [...new Set(requests.map(({ file_id }) => file_id))];
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('files')
    .selectAll()
    .where('id', 'in', ids)
    .where('workspace', '=', workspace)
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return requests.map(({ file_id, field }) => {
    const row = byId.get(file_id);
    if (!row) throw invalid(field, `there is no file ${file_id}`, 'file_not_found');
    const { content } = row;
    if (content === null || (row.expires_at !== null && row.expires_at <= now())) {
      throw invalid(field, `file ${file_id} has expired`, 'file_expired');
    }
    return { ...row, content };
  });
}

export type UsableFile = FileRow & { content: string };

/** Does its work while nobody can let go of these bytes: rows that name them may be written in it. */
export async function holdContents<Result>(
  turns: Turns,
  hashes: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> {
  // In one order for all, so that no two wait for each other.
  const ordered = [...new Set(hashes)].toSorted();
  const hold = (index: number): Promise<Result> => {
    const hash = ordered[index];
    return hash === undefined ? work() : turns.take(hash, () => hold(index + 1));
  };
  return hold(0);
}
