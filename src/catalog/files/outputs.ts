import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import type { Clock } from '../clock.js';
import type { SessionOutputRow } from '../resources/resource-tables.js';
import { toFileName } from './file-name.js';
import { typeOf } from './file-type.js';
import { keepContent, type KeptDeps, releaseContent } from './kept.js';

/** The files that sessions have made, as they were taken in last. */
export interface Outputs {
  /** Does its work alone for this session; not at all when that is not there or is being deleted. */
  update(sessionId: string, work: (outputs: SessionOutputs) => Promise<void>): Promise<void>;
}

export interface SessionOutputs {
  /** By path below the directory of outputs; without those that were dropped. */
  known: ReadonlyMap<string, Pick<SessionOutputRow, 'stamp' | 'size_bytes'>>;
  /** Takes a file in: new content is a new file, and the one of the older content goes. */
  put(path: string, output: NewOutput): Promise<void>;
  /** The file goes, as it has gone from the directory. */
  drop(path: string): Promise<void>;
}

export interface NewOutput {
  /** Says that a file has not changed when it is the same. */
  stamp: string;
  bytes: AsyncIterable<Uint8Array>;
  /** Asked after the bytes have been read: what changed meanwhile is not taken in. */
  isWhole: () => Promise<boolean>;
}

export interface OutputsDeps extends KeptDeps {
  clock: Clock;
}

export function createOutputs(deps: OutputsDeps): Outputs {
  return {
    update: (sessionId, work) =>
      deps.turns.take(sessionId, async () => {
        const workspace = await findWorkspace(deps.db, sessionId);
        if (workspace === undefined) return;
        const known = await readKnown(deps.db, sessionId);
        await work({
          known,
          put: (path, output) => put(deps, { workspace, sessionId, path, last: known.get(path) }, output),
          async drop(path) {
            const last = known.get(path);
            if (!last) return;
            await releaseContent(deps, last.content, () => forget(deps.db, last));
            known.delete(path);
          },
        });
      }),
  };
}

/** Lets go of all files of a session, made and given, with their bytes. */
export async function removeSessionFiles(deps: KeptDeps, sessionId: string): Promise<void> {
  const { db, turns } = deps;
  await turns.take(sessionId, async () => {
    await db.deleteFrom('session_outputs').where('session_id', '=', sessionId).execute();
    const files = await db.selectFrom('files').select(['id', 'content']).where('session_id', '=', sessionId).execute();
    for (const { id, content } of files) {
      const forget = () => db.deleteFrom('files').where('id', '=', id).execute();
      await (content === null ? forget() : releaseContent(deps, content, forget));
    }
  });
}

async function findWorkspace(db: Database, sessionId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('sessions')
    .select('workspace')
    .where('id', '=', sessionId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row?.workspace;
}

async function readKnown(db: Database, sessionId: string): Promise<Map<string, SessionOutputRow>> {
  const rows = await db.selectFrom('session_outputs').selectAll().where('session_id', '=', sessionId).execute();
  return new Map(rows.map((row) => [row.path, row]));
}

interface Place {
  workspace: string;
  sessionId: string;
  path: string;
  last: SessionOutputRow | undefined;
}

async function put(deps: OutputsDeps, place: Place, { stamp, bytes, isWhole }: NewOutput): Promise<void> {
  const { db, contents, clock } = deps;
  const { workspace, sessionId: session_id, path, last } = place;
  const draft = await contents.receive(bytes);
  if (!(await isWhole())) return draft.discard();
  if (last?.content === draft.hash) {
    await draft.discard();
    await db
      .updateTable('session_outputs')
      .set({ stamp })
      .where('session_id', '=', session_id)
      .where('path', '=', path)
      .execute();
    return;
  }
  const filename = toFileName(path);
  const file = { id: newId('file'), workspace, filename, mime_type: typeOf(undefined, filename), session_id };
  const told = { size_bytes: draft.size, content: draft.hash };
  const row = { session_id, path, stamp, ...told, file_id: file.id };
  await keepContent(deps, draft, () =>
    db.transaction().execute(async (tx) => {
      if (last) await removeRows(tx, last);
      const made = { ...file, ...told, downloadable: 1, created_at: clock(), expires_at: null };
      await tx.insertInto('files').values(made).execute();
      await tx.insertInto('session_outputs').values(row).execute();
    }),
  );
  if (last) await releaseContent(deps, last.content);
}

function forget(db: Database, row: SessionOutputRow): Promise<void> {
  return db.transaction().execute((tx) => removeRows(tx, row));
}

async function removeRows(tx: Database, row: SessionOutputRow): Promise<void> {
  await tx
    .deleteFrom('session_outputs')
    .where('session_id', '=', row.session_id)
    .where('path', '=', row.path)
    .execute();
  await tx.deleteFrom('files').where('id', '=', row.file_id).execute();
}
