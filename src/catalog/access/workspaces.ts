import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { type Clock, toTimestamp } from '../clock.js';
import { type AgeCursor, type AgeQuery, newestFirst, type Page, toPage } from '../page.js';
import type { WorkspaceRow } from './access-tables.js';
import { invalid, validate } from '../validate.js';
import { DEFAULT_WORKSPACE } from '../workspace.js';
import { workspaceCreateSchema } from './access-schema.js';
import { administers, type Principal } from './principal.js';

export interface Workspace {
  type: 'workspace';
  id: string;
  name: string;
  created_at: string;
  archived_at: string | null;
}

/** The rooms that a server's data is divided into. Only keys of the default one may add to them, and close them. */
export interface Workspaces {
  create(by: Principal, body: unknown): Promise<Workspace>;
  /** Those that the caller administers, newest first, archived ones too. */
  list(by: Principal, query: AgeQuery): Promise<Page<Workspace, AgeCursor>>;
  /** For good: its keys are revoked, there are no new ones, and its deployments run no more. Idempotent. */
  archive(by: Principal, id: string): Promise<Workspace>;
  /** The id of one that the caller administers; `not_found_error` for any other. */
  resolve(by: Principal, id: string): Promise<string>;
}

export interface WorkspacesDeps {
  db: Database;
  clock: Clock;
}

export function createWorkspaces({ db, clock }: WorkspacesDeps): Workspaces {
  return {
    async create(by, body) {
      checkDefault(by, 'made');
      const { name } = validate(workspaceCreateSchema, body);
      const row = { id: newId('wrkspc'), name, created_at: clock(), archived_at: null };
      await db.insertInto('workspaces').values(row).execute();
      return toWorkspace(row);
    },

    async list(by, query) {
      const all = db.selectFrom('workspaces').selectAll();
      const own = by.workspace === DEFAULT_WORKSPACE ? all : all.where('id', '=', by.workspace);
      return toPage(await own.$call(newestFirst(query)).execute(), query.limit, toWorkspace);
    },

    async archive(by, id) {
      checkDefault(by, 'archived');
      const now = clock();
      return db.transaction().execute((tx) => archiveWorkspace(tx, id, now));
    },

    resolve: (by, id) => readWorkspaceId(db, by, id),
  };
}

/** Refuses to begin something in a workspace that is archived. */
export async function checkWorkspaceLive(db: Database, id: string): Promise<void> {
  const { archived_at } = await readWorkspace(db, id);
  if (archived_at !== null) throw invalid('workspace_id', `workspace ${id} is archived`, 'workspace_archived');
}

/** The id itself; `not_found_error` where there is no such workspace, or the caller does not administer it. */
export async function readWorkspaceId(db: Database, by: Principal, id: string): Promise<string> {
  const row = await db.selectFrom('workspaces').select('id').where('id', '=', id).executeTakeFirst();
  if (row && administers(by, row.id)) return row.id;
  throw notFound(id);
}

function checkDefault({ workspace }: Principal, done: string): void {
  if (workspace === DEFAULT_WORKSPACE) return;
  throw new ApiError('permission_error', `Workspaces are ${done} with a key of the default workspace.`);
}

async function archiveWorkspace(tx: Database, id: string, now: number): Promise<Workspace> {
  const row = await readWorkspace(tx, id);
  if (id === DEFAULT_WORKSPACE) throw invalid('workspace_id', 'the default workspace cannot be archived');
  if (row.archived_at !== null) return toWorkspace(row);
  await tx.updateTable('workspaces').set({ archived_at: now }).where('id', '=', id).execute();
  // With an environment's key goes what its workers have in hand.
  const keys = tx.updateTable('api_keys').set({ revoked_at: now }).where('workspace', '=', id);
  await keys.where('revoked_at', 'is', null).execute();
  return toWorkspace({ ...row, archived_at: now });
}

async function readWorkspace(db: Database, id: string): Promise<WorkspaceRow> {
  const row = await db.selectFrom('workspaces').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound(id);
  return row;
}

function notFound(id: string): ApiError {
  return new ApiError('not_found_error', `There is no workspace ${id}.`);
}

function toWorkspace({ id, name, ...times }: WorkspaceRow): Workspace {
  const [created_at, archived_at] = [toTimestamp(times.created_at), toTimestamp(times.archived_at)];
  return { type: 'workspace', id, name, created_at, archived_at };
}
