import type Anthropic from '@anthropic-ai/sdk';
import { toTimestamp } from '../clock.js';
import { type Actor, creatorOf, redactorOf } from './actor.js';
import { toText, type View } from './memory-rows.js';
import type { MemoryVersionRow } from './memory-tables.js';

type SdkVersion = Anthropic.Beta.MemoryStores.BetaManagedAgentsMemoryVersion;
/** The SDK's words say that nobody is null; its type has it absent. */
export type MemoryVersion = Omit<SdkVersion, 'redacted_by'> & { redacted_by: Actor | null };

/** What a version is read with when its content is not asked for. */
export const VERSION_COLUMNS = [
  'id',
  'memory_store_id',
  'memory_id',
  'operation',
  'path',
  'content_sha256',
  'content_size_bytes',
  'created_at',
  'created_by_type',
  'created_by_id',
  'redacted_at',
  'redacted_by_type',
  'redacted_by_id',
] as const;

type VersionRead = Pick<MemoryVersionRow, (typeof VERSION_COLUMNS)[number]> & { content?: Uint8Array | null };

/** The version as responses show it. */
export function toVersion(row: VersionRead, view: View): MemoryVersion {
  return {
    type: 'memory_version',
    id: row.id,
    memory_store_id: row.memory_store_id,
    memory_id: row.memory_id,
    operation: row.operation,
    path: row.path,
    content: view === 'full' ? toText(row.content) : null,
    content_sha256: row.content_sha256,
    content_size_bytes: row.content_size_bytes,
    created_at: toTimestamp(row.created_at),
    created_by: creatorOf(row),
    redacted_at: toTimestamp(row.redacted_at),
    redacted_by: redactorOf(row),
  };
}
