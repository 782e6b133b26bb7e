import { isDeepStrictEqual } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import { createConfig, mergeConfig } from './environment-config.js';
import { type EnvironmentUpdate, environmentCreateSchema, environmentUpdateSchema } from './environment-schema.js';
import { mergeMetadata } from '../metadata.js';
import type { NoteMade, NounDeps } from '../noun.js';
import { type AgeCursor, type ArchivableQuery, newestLiveFirst, type Page, toPage } from '../page.js';
import type { EnvironmentRow } from './environment-tables.js';
import { invalid, validate } from '../validate.js';
import type { Announce } from '../webhooks/announce.js';

export type Environment = Anthropic.Beta.Environments.BetaEnvironment;
/** What can be set of an environment. */
export type EnvironmentSettings = Pick<Environment, 'name' | 'description' | 'config' | 'metadata'>;

export interface Environments {
  create(body: unknown, note?: NoteMade): Promise<Environment>;
  retrieve(id: string): Promise<Environment>;
  update(id: string, body: unknown): Promise<Environment>;
  /** Newest first. */
  list(query: ArchivableQuery): Promise<Page<Environment, AgeCursor>>;
  /** Refused while a session refers to it, an archived one too. */
  delete(id: string): Promise<Anthropic.Beta.Environments.BetaEnvironmentDeleteResponse>;
  /** Idempotent. */
  archive(id: string): Promise<Environment>;
}

export function createEnvironments({ db, clock, workspace, announce }: NounDeps): Environments {
  return {
    async create(body, note) {
      const params = validate(environmentCreateSchema, body, CODES);
      const now = clock();
      const settings: EnvironmentSettings = {
        name: params.name,
        description: params.description ?? null,
        config: createConfig(params.config),
        metadata: params.metadata ?? {},
      };
      const row = { id: newId('env'), workspace, created_at: now, updated_at: now, archived_at: null };
      const stored = { ...row, settings: JSON.stringify(settings) };
      await db.transaction().execute(async (tx) => {
        await tx.insertInto('environments').values(stored).execute();
        await announce(tx, { type: 'environment.created', id: row.id });
        await note?.(tx, row.id);
      });
      return toEnvironment(stored);
    },

    retrieve: (id) => readEnvironment(db, workspace, id),

    update(id, body) {
      const update = validate(environmentUpdateSchema, body, CODES);
      const request = { id, workspace, update, now: clock(), announce };
      return db.transaction().execute((tx) => updateEnvironment(tx, request));
    },

    async list(query) {
      const rows = await db
        .selectFrom('environments')
        .selectAll()
        .where('workspace', '=', workspace)
        .$call(newestLiveFirst(query))
        .execute();
      return toPage(rows, query.limit, toEnvironment);
    },

    delete: (id) =>
      db.transaction().execute(async (tx) => {
        await deleteEnvironment(tx, workspace, id);
        await announce(tx, { type: 'environment.deleted', id });
        return { id, type: 'environment_deleted' };
      }),

    async archive(id) {
      const now = clock();
      await db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('environments')
          .set({ archived_at: now, updated_at: now })
          .where('id', '=', id)
          .where('workspace', '=', workspace)
          .where('archived_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows > 0n) await announce(tx, { type: 'environment.archived', id });
      });
      return readEnvironment(db, workspace, id);
    },
  };
}

/** One environment; `not_found_error` when there is none. Takes part in a transaction when given one. */
export async function readEnvironment(db: Database, workspace: string, id: string): Promise<Environment> {
  const row = await db
    .selectFrom('environments')
    .selectAll()
    .where('id', '=', id)
    .where('workspace', '=', workspace)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no environment ${id}.`, { code: 'environment_not_found' });
  return toEnvironment(row);
}

const CODES = { metadata: 'invalid_metadata' };

interface UpdateRequest {
  id: string;
  workspace: string;
  update: EnvironmentUpdate;
  now: number;
  announce: Announce;
}

async function updateEnvironment(tx: Database, request: UpdateRequest): Promise<Environment> {
  const { id, workspace, update, now } = request;
  const current = await readEnvironment(tx, workspace, id);
  if (current.archived_at !== null) {
    throw invalid('environment_id', `environment ${id} is archived and cannot be updated`, 'environment_archived');
  }
  const { name, description, config, metadata } = current;
  const settings: EnvironmentSettings = {
    name: update.name ?? name,
    description: update.description === undefined ? description : update.description,
    config: mergeConfig(config, update.config),
    metadata: mergeMetadata(metadata, update.metadata, { emptyDeletes: true, code: CODES.metadata }),
  };
  if (isDeepStrictEqual(settings, { name, description, config, metadata })) return current;
  await tx
    .updateTable('environments')
    .set({ settings: JSON.stringify(settings), updated_at: now })
    .where('id', '=', id)
    .execute();
  await request.announce(tx, { type: 'environment.updated', id });
  return readEnvironment(tx, workspace, id);
}

async function deleteEnvironment(tx: Database, workspace: string, id: string): Promise<void> {
  await readEnvironment(tx, workspace, id);
  const user = await tx
    .selectFrom('sessions')
    .select('id')
    .where('environment_id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (user) throw invalid('environment_id', `environment ${id} is used by session ${user.id}; delete that first`);
  await tx.deleteFrom('api_keys').where('environment_id', '=', id).execute();
  await tx.deleteFrom('work_pollers').where('environment_id', '=', id).execute();
  await tx.deleteFrom('environments').where('id', '=', id).execute();
}

function toEnvironment(row: EnvironmentRow): Environment {
  // Written above and by nothing else.
  const settings = JSON.parse(row.settings) as EnvironmentSettings;
  return {
    type: 'environment',
    id: row.id,
    ...settings,
    scope: 'organization',
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    archived_at: toTimestamp(row.archived_at),
  };
}
