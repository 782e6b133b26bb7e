import { randomBytes } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import type { Operation } from '../../src/http/routes.js';
import type { Good, Known } from './corpus.js';

type DreamCreate = Anthropic.Beta.DreamCreateParams;
type MemoryUpdate = Anthropic.Beta.MemoryStores.MemoryUpdateParams;

/** Memory stores, and dreams of them. */
export const MEMORY_CORPUS: { readonly [Name in Operation]?: Good } = {
  'memoryStores.create': { body: () => ({ name: 's', description: 'd', metadata: { a: 'b' } }) },
  'memoryStores.retrieve': {},
  'memoryStores.update': { body: () => ({ name: 't', description: null, metadata: { a: null, c: 'd' } }) },
  'memoryStores.list': { query: 'limit=5&include_archived=true&created_at[lte]=2099-01-01T00:00:00Z' },
  'memoryStores.delete': { destroys: true },
  'memoryStores.archive': { destroys: true },
  // Each path once in a store.
  'memoryStores.memories.create': {
    body: () => ({ path: `/notes/${randomBytes(8).toString('hex')}`, content: 'c' }),
    query: 'view=full',
  },
  'memoryStores.memories.retrieve': { query: 'view=basic' },
  'memoryStores.memories.update': { body: memoryUpdate },
  'memoryStores.memories.list': { query: 'limit=5&depth=1&path_prefix=/notes/&view=full' },
  'memoryStores.memories.delete': { destroys: true },
  'memoryStores.memoryVersions.retrieve': {},
  'memoryStores.memoryVersions.list': {
    query: 'limit=5&operation=created&created_at[gte]=2026-01-01T00:00:00Z&view=full',
  },
  'memoryStores.memoryVersions.redact': {},
  'dreams.create': { body: dreamCreate },
  'dreams.retrieve': {},
  'dreams.list': { query: 'limit=5&include_archived=true&statuses[]=canceled&created_at[gt]=2026-01-01T00:00:00Z' },
  'dreams.archive': {},
  'dreams.cancel': {},
};

function dreamCreate({ memory_store_id, session_id }: Known): DreamCreate {
  return {
    inputs: [
      { type: 'memory_store', memory_store_id },
      { type: 'sessions', session_ids: [session_id] },
    ],
    model: { id: 'claude-haiku-4-5-20251001', speed: 'standard' },
    instructions: 'i',
    output_behavior: { type: 'create_new' },
  };
}

function memoryUpdate(): Omit<MemoryUpdate, 'memory_store_id'> {
  return { path: '/fuzz', content: randomBytes(8).toString('hex') };
}
