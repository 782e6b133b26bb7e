import type { Readable } from 'node:stream';
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Draft } from '../../files/contents.js';
import { newId } from '../../ids.js';
import { type Clock, toTimestamp } from '../clock.js';
import type { NounDeps } from '../noun.js';
import { type AgeCursor, type Page, toPage } from '../page.js';
import type { Mounts } from '../../mounts/mounts.js';
import type { FileRow } from './file-tables.js';
import { type FormPart, receiveFileForm } from './file-form.js';
import { type FileQuery, findExpired, readFileRow, selectFiles } from './file-store.js';
import { keepContent, type KeptDeps, releaseContent } from './kept.js';

export type FileMetadata = Anthropic.Beta.BetaFileMetadata;

/**
 * Files: a row each, and bytes that equal files share.
 * 1. What a row names is there: bytes are kept before the row is written, and removed after the last row that names them.
 * 2. Both happen in the turn of the hash, so no upload loses its bytes to a deletion at the same time.
 */
export interface Files {
  /** From a form with a part `file` and perhaps `expires_in_seconds`. Not downloadable. A form that is refused leaves nothing. */
  upload(parts: AsyncIterable<FormPart>): Promise<FileMetadata>;
  /** Newest first. Of a session's, all that it has made until now. */
  list(query: FileQuery): Promise<Page<FileMetadata, AgeCursor>>;
  retrieve(id: string): Promise<FileMetadata>;
  /** Refused for what was uploaded, and for what has expired. */
  download(id: string): Promise<{ metadata: FileMetadata; bytes: Readable }>;
  /** For who runs the server: what was uploaded, too. Refused for what has expired. */
  open(id: string): Promise<{ metadata: FileMetadata; bytes: Readable }>;
  delete(id: string): Promise<Anthropic.Beta.BetaDeletedFile>;
  /** Removes the bytes of files that have expired, and 30 days later the files. */
  removeExpired(): Promise<void>;
}

export interface FilesDeps extends NounDeps, KeptDeps {
  now: Clock;
  /** Takes in what a session has made. */
  mounts: Pick<Mounts, 'collect'>;
}

export function createFiles(deps: FilesDeps): Files {
  const { db, workspace, contents, now } = deps;
  return {
    async upload(parts) {
      const { draft, expires_in_seconds, ...named } = await receiveFileForm(parts, contents);
      return store(deps, draft, { ...named, expires_in_seconds });
    },

    async list(query) {
      if (query.scope_id !== undefined) await collect(deps, query.scope_id);
      const rows = await selectFiles(db, workspace, query).execute();
      return toPage(rows, query.limit, toMetadata);
    },

    retrieve: async (id) => toMetadata(await readFileRow(db, workspace, id)),

    async download(id) {
      const row = await readFileRow(db, workspace, id);
      const hash = contentOf(row, now());
      checkDownload(row);
      return read(deps, row, hash);
    },

    async open(id) {
      const row = await readFileRow(db, workspace, id);
      return read(deps, row, contentOf(row, now()));
    },

    async delete(id) {
      const { content } = await readFileRow(db, workspace, id);
      await release(deps, content, async () => {
        await readFileRow(db, workspace, id);
        await db.deleteFrom('files').where('id', '=', id).execute();
      });
      return { id, type: 'file_deleted' };
    },

    async removeExpired() {
      for (let files = await findExpired(db, now()); files.length > 0; files = await findExpired(db, now())) {
        for (const { id, content } of files) {
          const forget = db.updateTable('files').set({ content: null }).where('id', '=', id);
          await release(deps, content, () => forget.execute());
        }
      }
      await db
        .deleteFrom('files')
        .where('expires_at', '<=', now() - REMEMBERED_MS)
        .execute();
    },
  };
}

const REMEMBERED_MS = 30 * 24 * 3_600_000;

interface NewFile extends Pick<FileRow, 'filename' | 'mime_type'> {
  expires_in_seconds?: number | undefined;
}

async function store(deps: FilesDeps, draft: Draft, file: NewFile): Promise<FileMetadata> {
  const { db, clock, workspace } = deps;
  const { expires_in_seconds: seconds, ...named } = file;
  const created_at = clock();
  const expires_at = seconds === undefined ? null : created_at + seconds * 1_000;
  const told = { size_bytes: draft.size, content: draft.hash, downloadable: 0, session_id: null };
  const row = { id: newId('file'), workspace, ...named, ...told, created_at, expires_at };
  await keepContent(deps, draft, () => db.insertInto('files').values(row).execute());
  return toMetadata(row);
}

/** Lets go of a file's bytes, and of the bytes themselves when no other file has the same. */
async function release(deps: FilesDeps, hash: string | null, letGo: () => Promise<unknown>): Promise<void> {
  await (hash === null ? letGo() : releaseContent(deps, hash, letGo));
}

async function collect({ db, workspace, mounts }: FilesDeps, sessionId: string): Promise<void> {
  const session = await db
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', sessionId)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (session) await mounts.collect(sessionId);
}

/** The hash of the bytes, or a refusal. Of what has expired it is said first: only uploads expire, and those are never downloadable. */
function contentOf({ id, content, expires_at }: FileRow, now: number): string {
  if (content === null || (expires_at !== null && expires_at <= now)) {
    throw new ApiError('not_found_error', `File ${id} has expired.`, { code: 'file_expired' });
  }
  return content;
}

function checkDownload({ id, downloadable }: FileRow): void {
  if (downloadable !== 0) return;
  throw new ApiError('invalid_request_error', `file_id: file ${id} was uploaded, and cannot be downloaded`, {
    code: 'file_not_downloadable',
  });
}

function read({ db, workspace, contents, turns }: FilesDeps, row: FileRow, hash: string) {
  return turns.take(hash, async () => {
    // It may have been deleted while others had their turn.
    await readFileRow(db, workspace, row.id);
    return { metadata: toMetadata(row), bytes: await contents.read(hash) };
  });
}

function toMetadata(row: Omit<FileRow, 'content' | 'workspace'>): FileMetadata {
  const { id, filename, mime_type, size_bytes, session_id, created_at, downloadable, expires_at } = row;
  return {
    type: 'file',
    id,
    filename,
    mime_type,
    size_bytes,
    created_at: toTimestamp(created_at),
    downloadable: downloadable === 1,
    expires_at: toTimestamp(expires_at),
    scope: session_id === null ? null : { type: 'session', id: session_id },
  };
}
