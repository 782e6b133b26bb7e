import { z } from 'zod';
import { ApiError } from '../api-error.js';
import type { Actor } from '../catalog/memory/actor.js';
import type { Memories } from '../catalog/memory/memories.js';
import type { ItemQuery } from '../catalog/memory/memory-list.js';
import { faultOfPath, faultOfPrefix } from '../catalog/memory/memory-path.js';
import type { View } from '../catalog/memory/memory-rows.js';
import { sha256Schema } from '../catalog/memory/memory-schema.js';
import type { MemoryStores } from '../catalog/memory/memory-stores.js';
import type { MemoryVersions, VersionQuery } from '../catalog/memory/memory-versions.js';
import { validate } from '../catalog/validate.js';
import type { Call, Handler, Handlers } from './handler.js';
import { createAgeCursor, createCursor, readPage, toPageCursor } from './page.js';

const LIMITS = { default: 20, max: 100 };
/** In full a page has no more, whatever is asked for. */
const MOST_IN_FULL = 20;
const storeCursor = createAgeCursor('memory_stores');
const itemCursor = createCursor('memories', z.strictObject({ after: z.string().refine(isPlace) }));
const versionCursor = createAgeCursor('memory_versions');

export interface MemoryNouns {
  memoryStores: MemoryStores;
  memories: Memories;
  memoryVersions: MemoryVersions;
}

/** Endpoints §6. */
export function memoryStoreHandlers(nouns: MemoryNouns): Handlers {
  const handlers: Handlers = { ...storeHandlers(nouns), ...memoryHandlers(nouns), ...versionHandlers(nouns) };
  return Object.fromEntries(
    Object.entries(handlers).map(([operation, handler]): [string, Handler] => [
      operation,
      (call, reply) => {
        checkBetas(call.betas);
        return handler(call, reply);
      },
    ]),
  );
}

function storeHandlers({ memoryStores: stores }: MemoryNouns): Handlers {
  return {
    'memoryStores.create': ({ body }) => stores.create(body),
    'memoryStores.retrieve': ({ param }) => stores.retrieve(param('memory_store_id')),
    'memoryStores.update': ({ param, body }) => stores.update(param('memory_store_id'), body),
    'memoryStores.list': async ({ query }) => {
      const include_archived = query.flag('include_archived') ?? false;
      const page = readPage(query, storeCursor, LIMITS);
      return toPageCursor(await stores.list({ ...page, include_archived, ...createdAt(query) }), storeCursor);
    },
    'memoryStores.delete': ({ param }) => stores.delete(param('memory_store_id')),
    'memoryStores.archive': ({ param }) => stores.archive(param('memory_store_id')),
  };
}

function memoryHandlers({ memories }: MemoryNouns): Handlers {
  return {
    'memoryStores.memories.create': (call) =>
      memories.create(actorOf(call), call.param('memory_store_id'), call.body, viewOf(call, 'basic')),
    'memoryStores.memories.retrieve': (call) =>
      memories.retrieve(call.param('memory_store_id'), call.param('memory_id'), viewOf(call, 'full')),
    'memoryStores.memories.update': (call) =>
      memories.update(actorOf(call), addressOf(call), call.body, viewOf(call, 'basic')),
    'memoryStores.memories.list': async (call) =>
      toPageCursor(await memories.list(call.param('memory_store_id'), readItemQuery(call)), itemCursor),
    'memoryStores.memories.delete': (call) => memories.delete(actorOf(call), addressOf(call), readExpected(call)),
  };
}

function versionHandlers({ memoryVersions: versions }: MemoryNouns): Handlers {
  return {
    'memoryStores.memoryVersions.retrieve': (call) =>
      versions.retrieve(call.param('memory_store_id'), call.param('memory_version_id'), viewOf(call, 'full')),
    'memoryStores.memoryVersions.list': async (call) =>
      toPageCursor(await versions.list(call.param('memory_store_id'), readVersionQuery(call)), versionCursor),
    'memoryStores.memoryVersions.redact': (call) =>
      versions.redact(actorOf(call), call.param('memory_store_id'), call.param('memory_version_id')),
  };
}

const OWN_BETA = 'agent-memory-2026-07-22';
const OLDER_BETA = 'managed-agents-2026-04-01';

/** Either opens these endpoints; they stand for two forms of them, so a request can ask for one only. */
function checkBetas(betas: readonly string[]): void {
  if (!betas.includes(OWN_BETA) || !betas.includes(OLDER_BETA)) return;
  throw new ApiError('invalid_request_error', `anthropic-beta: ${OWN_BETA} and ${OLDER_BETA} exclude each other here`);
}

function actorOf({ principal }: Call): Actor {
  if (principal.kind === 'session_token') return { type: 'session_actor', session_id: principal.sessionId };
  return { type: 'api_actor', api_key_id: principal.keyId };
}

function addressOf({ param }: Call) {
  return { storeId: param('memory_store_id'), id: param('memory_id') };
}

function viewOf({ query }: Call, otherwise: View): View {
  return query.oneOf('view', ['basic', 'full']) ?? otherwise;
}

function readItemQuery(call: Call): ItemQuery {
  const { query } = call;
  const view = viewOf(call, 'basic');
  const path_prefix = query.text('path_prefix') ?? '/';
  const fault = faultOfPrefix(path_prefix);
  if (fault !== undefined) throw new ApiError('invalid_request_error', `path_prefix: ${fault}`);
  const depth = query.integer('depth', { min: 0, max: 1 }) === 1 ? 1 : 0;
  return { ...inFull(readPage(query, itemCursor, LIMITS), view), view, path_prefix, depth };
}

function readVersionQuery(call: Call): VersionQuery {
  const { query } = call;
  const view = viewOf(call, 'basic');
  const filters = ['api_key_id', 'service_account_id', 'session_id', 'memory_id'] as const;
  const operation = query.oneOf('operation', ['created', 'modified', 'deleted']);
  return {
    ...inFull(readPage(query, versionCursor, LIMITS), view),
    view,
    ...createdAt(query),
    ...(operation && { operation }),
    ...Object.fromEntries(
      filters.flatMap((name) => (query.text(name) === undefined ? [] : [[name, query.text(name)]])),
    ),
  };
}

function isPlace(path: string): boolean {
  return faultOfPath(path) === undefined || faultOfPrefix(path) === undefined;
}

function createdAt(query: Call['query']) {
  const created_at = query.times('created_at', ['gte', 'lte']);
  return created_at && { created_at };
}

function inFull<Query extends { limit: number }>(query: Query, view: View): Query {
  return view === 'full' ? { ...query, limit: Math.min(query.limit, MOST_IN_FULL) } : query;
}

function readExpected({ query }: Call): string | undefined {
  const expected_content_sha256 = query.text('expected_content_sha256');
  if (expected_content_sha256 === undefined) return undefined;
  return validate(z.object({ expected_content_sha256: sha256Schema }), { expected_content_sha256 })
    .expected_content_sha256;
}
