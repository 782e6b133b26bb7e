import { batches } from '../../batches.js';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { type AgeQuery, newestFirst } from '../page.js';
import type { FileRow } from './file-tables.js';

export interface FileQuery extends AgeQuery {
  scope_id?: string;
  /** Of these only those that are there. */
  ids?: readonly string[];
}

/** One file; `not_found_error` when there is none. */
export async function readFileRow(db: Database, workspace: string, id: string): Promise<FileRow> {
  const row = await db
    .selectFrom('files')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no file ${id}.`);
  return row;
}

/** Newest first; one row more than asked for. */
export function selectFiles(db: Database, workspace: string, { scope_id, ids, ...query }: FileQuery) {
  let files = db.selectFrom('files').selectAll().where('workspace', '=', workspace);
  if (scope_id !== undefined) files = files.where('session_id', '=', scope_id);
  if (ids !== undefined) files = files.where('id', 'in', ids);
  return files.$call(newestFirst(query));
}

/** Of these hashes the ones that a row names, in any workspace: a file, a skill, or a session that keeps one. */
export async function findContents(db: Database, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const some of batches(hashes, AT_ONCE)) {
    for (const table of ['files', 'skill_versions', 'session_skills'] as const) {
      const rows = await db.selectFrom(table).select('content').distinct().where('content', 'in', some).execute();
      for (const { content } of rows) if (content !== null) found.add(content);
    }
  }
  return found;
}

/** Files that expired by then and whose bytes are still there: some of them, none when there are no more. */
export async function findExpired(db: Database, now: number): Promise<{ id: string; content: string }[]> {
  const rows = await db
    .selectFrom('files')
    .select(['id', 'content'])
    .where('expires_at', '<=', now)
    .where('content', 'is not', null)
    .limit(AT_ONCE)
    .execute();
  return rows.flatMap(({ id, content }) => (content === null ? [] : [{ id, content }]));
}

/** A statement takes so many values in any database. */
const AT_ONCE = 500;
