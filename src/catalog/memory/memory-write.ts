import { createHash } from 'node:crypto';
import { batches } from '../../batches.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import type { MemoryRow, MemoryStoreRow, MemoryVersionRow } from './memory-tables.js';
import { type Actor, actorColumns } from './actor.js';
import { checkPath, checkRoom } from './memory-room.js';

/**
 * Every change of a memory, by the API or by a session's mount. Invariants:
 * 1. A change is a version, written in the same transaction; what changes nothing writes none.
 * 2. No path of a store is another's or lies below another's.
 * 3. A store has at most 2,000 memories.
 */
export interface Write {
  /** A transaction that began with `lockStore`. */
  tx: Database;
  clock: Clock;
  store: MemoryStoreRow;
  actor: Actor;
}

/** A new memory. `memory_path_conflict_error` when its path is taken or overlaps. */
export async function addMemory(write: Write, path: string, content: Uint8Array): Promise<MemoryRow> {
  const { tx, clock, store } = write;
  await checkPath(write, path);
  await checkRoom(write);
  const memory_id = newId('mem');
  const version = await addVersion(write, { memory_id, operation: 'created', path, content, created_at: clock() });
  const row = toRow(store, version, path, content);
  await tx.insertInto('memories').values(row).execute();
  return row;
}

/** Copies of these memories, for a store that has none yet. Of what is in them little is in memory at once. */
export async function copyMemories(write: Write, originals: readonly MemoryRow[]): Promise<void> {
  const { tx, clock, store } = write;
  for (const some of batches(originals, AT_ONCE)) {
    const contents = await readContents(tx, some);
    const versions: MemoryVersionRow[] = [];
    const rows = some.flatMap(({ path, memory_version_id }): MemoryRow[] => {
      const content = contents.get(memory_version_id);
      // Changed and redacted since the originals were read.
      if (!content) return [];
      const memory_id = newId('mem');
      const version = newVersion(write, { memory_id, operation: 'created', path, content, created_at: clock() });
      versions.push(version);
      return [toRow(store, version, path, content)];
    });
    if (rows.length === 0) continue;
    await tx.insertInto('memory_versions').values(versions).execute();
    await tx.insertInto('memories').values(rows).execute();
  }
}

const AT_ONCE = 50;

export interface MemoryChange {
  path: string;
  /** Undefined where it stays as it is. */
  content?: Uint8Array | undefined;
}

/** A memory with another path or content; the same row when both are what they were. */
export async function changeMemory(write: Write, row: MemoryRow, change: MemoryChange): Promise<MemoryRow> {
  const { path } = change;
  if (isSame(row, change)) return row;
  if (path !== row.path) await checkPath(write, path, row.id);
  const content = change.content ?? (await readContent(write.tx, row));
  const created_at = timeAfter(write.clock, row);
  const version = await addVersion(write, { memory_id: row.id, operation: 'modified', path, content, created_at });
  const changed = head(version, path, content);
  await write.tx.updateTable('memories').set(changed).where('id', '=', row.id).execute();
  return { ...row, ...changed };
}

/** True when a change would leave a memory as it is. */
export function isSame(row: MemoryRow, { path, content }: MemoryChange): boolean {
  return path === row.path && (content === undefined || sha256(content) === row.content_sha256);
}

/** Its versions stay. */
export async function removeMemory(write: Write, { id, path, updated_at }: MemoryRow): Promise<void> {
  const created_at = timeAfter(write.clock, { updated_at });
  await addVersion(write, { memory_id: id, operation: 'deleted', path, content: null, created_at });
  await write.tx.deleteFrom('memories').where('id', '=', id).execute();
}

/** Of the bytes as they are, in lowercase hexadecimal. */
function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The versions of a memory are in the order of their times, also when the clock was set back. */
function timeAfter(clock: Clock, { updated_at }: Pick<MemoryRow, 'updated_at'>): number {
  return Math.max(clock(), updated_at + 1);
}

type NewVersion = Pick<MemoryVersionRow, 'memory_id' | 'operation' | 'created_at' | 'content'> & { path: string };

async function addVersion(write: Write, version: NewVersion): Promise<MemoryVersionRow> {
  const row = newVersion(write, version);
  await write.tx.insertInto('memory_versions').values(row).execute();
  return row;
}

function newVersion({ store, actor }: Write, version: NewVersion): MemoryVersionRow {
  const { content } = version;
  const { type, id } = actorColumns(actor);
  return {
    id: newId('memver'),
    workspace: store.workspace,
    memory_store_id: store.id,
    ...version,
    content_sha256: content && sha256(content),
    content_size_bytes: content && content.byteLength,
    created_by_type: type,
    created_by_id: id,
    redacted_at: null,
    redacted_by_type: null,
    redacted_by_id: null,
  };
}

/** A memory that begins with this version. */
function toRow(store: MemoryStoreRow, version: MemoryVersionRow, path: string, content: Uint8Array): MemoryRow {
  const { memory_id: id, created_at } = version;
  const { id: memory_store_id, workspace } = store;
  return { id, workspace, memory_store_id, created_at, ...head(version, path, content) };
}

/** The columns that follow a memory's newest version. */
function head({ id, created_at }: MemoryVersionRow, path: string, content: Uint8Array) {
  return {
    path,
    memory_version_id: id,
    content_sha256: sha256(content),
    content_size_bytes: content.byteLength,
    updated_at: created_at,
  };
}

async function readContents(tx: Database, rows: readonly MemoryRow[]): Promise<Map<string, Uint8Array>> {
  const ids = rows.map((row) => row.memory_version_id);
  const found = await tx.selectFrom('memory_versions').select(['id', 'content']).where('id', 'in', ids).execute();
  return new Map(found.flatMap(({ id, content }) => (content === null ? [] : [[id, content] as const])));
}

async function readContent(tx: Database, row: MemoryRow): Promise<Uint8Array> {
  const version = await tx
    .selectFrom('memory_versions')
    .select('content')
    .where('id', '=', row.memory_version_id)
    .executeTakeFirst();
  // The newest version of a memory cannot be redacted.
  if (!version?.content) throw new Error(`Memory ${row.id} has lost its version ${row.memory_version_id}.`);
  return version.content;
}
