import { batches } from '../../batches.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Secrets } from '../../vault/secrets.js';
import { holdContents } from '../files/copies.js';
import type { Turns } from '../files/turns.js';
import type { SessionResourceRow } from './resource-tables.js';
import type { Planned } from './plan.js';

export interface AttachDeps {
  db: Database;
  secrets: Secrets;
}

export interface Attachment {
  session_id: string;
  created_at: number;
  /** The place of the first of them. */
  position: number;
}

/** Does its work while the bytes of all planned copies stay; plan again inside, since they may have gone before. */
export function holdPlanned<Result>(
  turns: Turns,
  planned: readonly Planned[],
  work: () => Promise<Result>,
): Promise<Result> {
  const hashes = planned.flatMap(({ copy }) => copy?.content ?? []);
  return holdContents(turns, hashes, work);
}

/** Writes the resources of a session, and the copies that it has of files. To be done while the bytes of these are held. */
export async function attachResources(
  { db, secrets }: AttachDeps,
  planned: readonly Planned[],
  { session_id, created_at, position }: Attachment,
): Promise<SessionResourceRow[]> {
  const copies = planned.flatMap(({ copy }) => (copy ? [{ ...copy, session_id, created_at }] : []));
  const rows = planned.map((resource, index): SessionResourceRow => {
    const { type, settings, token, copy, memory_store_id = null } = resource;
    const id = type === 'memory_store' ? null : newId('sesrsc');
    const sealed = token === undefined || id === null ? { key_id: null, secret: null } : secrets.seal(id, token);
    const times = { created_at, updated_at: created_at };
    const refers = { file_id: copy?.id ?? null, memory_store_id };
    return {
      session_id,
      position: position + index,
      id,
      type,
      ...refers,
      ...times,
      settings: JSON.stringify(settings),
      ...sealed,
    };
  });
  // A statement takes so many values in any database.
  for (const some of batches(copies, AT_ONCE)) await db.insertInto('files').values(some).execute();
  for (const some of batches(rows, AT_ONCE)) await db.insertInto('session_resources').values(some).execute();
  return rows;
}

const AT_ONCE = 50;
