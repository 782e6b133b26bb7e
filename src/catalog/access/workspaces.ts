import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { type Clock, toTimestamp } from '../clock.js';
import { type AgeCursor, type AgeQuery, newestFirst, type Page, toPage } from '../page.js';
import type { WorkspaceRow } from './access-tables.js';
import { validate } from '../validate.js';
import { DEFAULT_WORKSPACE } from '../workspace.js';
import { workspaceCreateSchema } from './access-schema.js';
import { administers, type Principal } from './principal.js';

export interface Workspace {
  type: 'workspace';
  id: string;
  name: string;
  created_at: string;
}

/** The rooms that a server's data is divided into. Only keys of the default one may add to them. */
export interface Workspaces {
  create(by: Principal, body: unknown): Promise<Workspace>;
  /** Those that the caller administers, newest first. */
  list(by: Principal, query: AgeQuery): Promise<Page<Workspace, AgeCursor>>;
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
      if (by.workspace !== DEFAULT_WORKSPACE) {
        throw new ApiError('permission_error', 'Workspaces are made with a key of the default workspace.');
      }
      const { name } = validate(workspaceCreateSchema, body);
      const row = { id: newId('wrkspc'), name, created_at: clock() };
      await db.insertInto('workspaces').values(row).execute();
      return toWorkspace(row);
    },

    async list(by, query) {
      const all = db.selectFrom('workspaces').selectAll();
      const own = by.workspace === DEFAULT_WORKSPACE ? all : all.where('id', '=', by.workspace);
      return toPage(await own.$call(newestFirst(query)).execute(), query.limit, toWorkspace);
    },

    resolve: (by, id) => readWorkspaceId(db, by, id),
  };
}

/** The id itself; `not_found_error` where there is no such workspace, or the caller does not administer it. */
export async function readWorkspaceId(db: Database, by: Principal, id: string): Promise<string> {
  const row = await db.selectFrom('workspaces').select('id').where('id', '=', id).executeTakeFirst();
  if (row && administers(by, row.id)) return row.id;
  throw new ApiError('not_found_error', `There is no workspace ${id}.`);
}

function toWorkspace({ id, name, created_at }: WorkspaceRow): Workspace {
  return { type: 'workspace', id, name, created_at: toTimestamp(created_at) };
}
