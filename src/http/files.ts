import type { FastifyReply } from 'fastify';
import { ApiError } from '../api-error.js';
import type { CatalogOf } from '../catalog/catalog.js';
import { MAX_FILE_BYTES } from '../catalog/files/file-form.js';
import type { FileQuery } from '../catalog/files/file-store.js';
import type { Files } from '../catalog/files/files.js';
import { readForm } from './form.js';
import type { AdminHandlers, Handlers } from './handler.js';
import { createAgeCursor, readPage, toPageCursor } from './page.js';
import type { Query } from './query.js';

const LIMITS = { default: 20, max: 1_000 };
const MAX_IDS = 100;
/** What a form has beside its file fits into the rest. */
const FORM = { isFile: (name: string | undefined) => name === 'file', maxBytes: MAX_FILE_BYTES + 64 * 1024 };
const cursor = createAgeCursor('files');

/** Endpoints §8. */
export function fileHandlers(files: Files): Handlers {
  return {
    'files.upload': async ({ incoming }) => files.upload(readForm(incoming, FORM)),
    'files.list': async ({ query }) => toPageCursor(await files.list(readFileQuery(query)), cursor),
    'files.retrieveMetadata': ({ param }) => files.retrieve(param('file_id')),
    'files.download': async ({ param }, reply) => send(await files.download(param('file_id')), reply),
    'files.delete': ({ param }) => files.delete(param('file_id')),
  };
}

/** The bytes of every file, also of those that were uploaded: for who takes out what is in a workspace. */
export function adminFileHandlers(catalogOf: CatalogOf) {
  return {
    'drover.files.download': async ({ principal, param }, reply) =>
      send(await catalogOf(principal.workspace).files.open(param('file_id')), reply),
  } satisfies Partial<AdminHandlers>;
}

function readFileQuery(query: Query): FileQuery {
  const ids = readIds(query);
  const scope_id = query.text('scope_id');
  const page = ids ? { ids, limit: ids.length } : readPage(query, cursor, LIMITS);
  return { ...page, ...(scope_id !== undefined && { scope_id }) };
}

function readIds(query: Query): string[] | undefined {
  const ids = query.texts('ids');
  if (!ids) return undefined;
  const distinct = [...new Set(ids)];
  if (distinct.length > MAX_IDS) throw refuse(`must be at most ${MAX_IDS}`);
  if (query.text('limit') !== undefined || query.text('page') !== undefined) {
    throw refuse('cannot be combined with limit or page');
  }
  return distinct;
}

function send({ metadata, bytes }: Awaited<ReturnType<Files['download']>>, reply: FastifyReply): FastifyReply {
  const { mime_type, size_bytes, filename } = metadata;
  return reply
    .type(mime_type)
    .headers({
      'content-length': size_bytes,
      'content-disposition': `attachment; filename*=UTF-8''${encodeName(filename)}`,
      // Shown by no browser as a page of ours.
      'x-content-type-options': 'nosniff',
    })
    .send(bytes);
}

/** RFC 8187 leaves fewer characters alone than a URL does. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

function refuse(message: string): ApiError {
  return new ApiError('invalid_request_error', `ids: ${message}`);
}
