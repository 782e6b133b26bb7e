import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { MemoryRow } from './memory-tables.js';

export type Memory = Anthropic.Beta.MemoryStores.BetaManagedAgentsMemory;
export type View = Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryView;

/** A memory's row, with its content where that was asked for. */
export type MemoryRead = MemoryRow & { content?: Uint8Array | null };

/** The memories of a store; in full with what is in them, which lies in the row of the version. */
export function selectMemories(db: Database, storeId: string, view: View) {
  return db
    .selectFrom('memories')
    .selectAll('memories')
    .where('memories.memory_store_id', '=', storeId)
    .$if(view === 'full', (rows) =>
      rows
        .innerJoin('memory_versions', 'memory_versions.id', 'memories.memory_version_id')
        .select('memory_versions.content'),
    );
}

/** One memory of a store; `not_found_error` when there is none. The store has been looked at. */
export async function readMemory(db: Database, storeId: string, id: string, view: View): Promise<MemoryRead> {
  const row = await selectMemories(db, storeId, view).where('memories.id', '=', id).executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no memory ${id} in memory store ${storeId}.`);
  return row;
}

/** The memory as responses show it. */
export function toMemory(row: MemoryRead): Memory {
  return {
    type: 'memory',
    id: row.id,
    memory_store_id: row.memory_store_id,
    memory_version_id: row.memory_version_id,
    path: row.path,
    content: toText(row.content),
    content_sha256: row.content_sha256,
    content_size_bytes: row.content_size_bytes,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
  };
}

/** Content is kept as bytes: text columns of Postgres hold no NUL. It was checked to be UTF-8 before it was written. */
export function toText(content: Uint8Array | null | undefined): string | null {
  return content === null || content === undefined ? null : Buffer.from(content).toString();
}
