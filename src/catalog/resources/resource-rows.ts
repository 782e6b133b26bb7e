import type Anthropic from '@anthropic-ai/sdk';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { SessionResourceRow } from './resource-tables.js';
import { unreachable } from '../unreachable.js';

export type SessionResource = Anthropic.Beta.Sessions.BetaManagedAgentsSessionResource;
type Of<Type extends SessionResource['type']> = Extract<SessionResource, { type: Type }>;

/** What is stored of a resource beside its columns, by its type. */
export interface ResourceSettings {
  file: Pick<Of<'file'>, 'file_id' | 'mount_path'>;
  github_repository: Pick<Of<'github_repository'>, 'url' | 'mount_path' | 'checkout'>;
  memory_store: Omit<Of<'memory_store'>, 'type' | 'memory_store_id'>;
}

/** As responses show it; a token is not among what is shown. */
export function toResource(row: SessionResourceRow): SessionResource {
  const { created_at, updated_at } = row;
  const own = { id: row.id ?? '', created_at: toTimestamp(created_at), updated_at: toTimestamp(updated_at) };
  switch (row.type) {
    case 'file':
      return { type: row.type, ...own, ...settingsOf(row, row.type) };
    case 'github_repository':
      return { type: row.type, ...own, ...settingsOf(row, row.type) };
    case 'memory_store':
      return { type: row.type, memory_store_id: row.memory_store_id ?? '', ...settingsOf(row, row.type) };
    default:
      return unreachable(row.type);
  }
}

/** The settings of a row of this type. */
export function settingsOf<Type extends SessionResource['type']>(
  row: Pick<SessionResourceRow, 'settings'>,
  _type: Type,
): ResourceSettings[Type] {
  // Written with the row, of the row's type.
  return JSON.parse(row.settings) as ResourceSettings[Type];
}

/** The resources of these sessions, in the order in which each got them. */
export async function readResources(db: Database, sessionIds: readonly string[]): Promise<SessionResourceRow[]> {
  if (sessionIds.length === 0) return [];
  return db
    .selectFrom('session_resources')
    .selectAll()
    .where('session_id', 'in', sessionIds)
    .orderBy('session_id')
    .orderBy('position')
    .execute();
}

/** A file that a session's sandbox is to hold. */
export interface Upload {
  /** Absolute, in the sandbox. */
  path: string;
  /** The hash of its bytes. */
  content: string;
}

/** What a session's sandbox is to hold of files; undefined when there is no such session, or it is being deleted. */
export async function readUploads(db: Database, sessionId: string): Promise<Upload[] | undefined> {
  const rows = await db
    .selectFrom('sessions')
    .leftJoin('session_resources as resource', (join) =>
      join.onRef('resource.session_id', '=', 'sessions.id').on('resource.type', '=', 'file'),
    )
    .leftJoin('files', 'files.id', 'resource.file_id')
    .select(['resource.settings', 'files.content'])
    .where('sessions.id', '=', sessionId)
    .where('sessions.deleted_at', 'is', null)
    .orderBy('resource.position')
    .execute();
  if (rows.length === 0) return undefined;
  return rows.flatMap(({ settings, content }) =>
    settings === null || content === null ? [] : [{ path: settingsOf({ settings }, 'file').mount_path, content }],
  );
}

export async function removeResources({ db }: { db: Database }, sessionId: string): Promise<void> {
  await db.deleteFrom('session_resources').where('session_id', '=', sessionId).execute();
}

/** The repositories that a session began with. */
export async function readRepositories(
  db: Database,
  sessionId: string,
): Promise<ResourceSettings['github_repository'][]> {
  const rows = await readResources(db, [sessionId]);
  return rows.flatMap((row) => (row.type === 'github_repository' ? [settingsOf(row, row.type)] : []));
}
