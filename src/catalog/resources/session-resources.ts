import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Mounts } from '../../mounts/mounts.js';
import type { Secrets } from '../../vault/secrets.js';
import type { Clock } from '../clock.js';
import { readEnvironment } from '../environments/environments.js';
import { type KeptDeps, releaseContent } from '../files/kept.js';
import type { NounDeps } from '../noun.js';
import { cutPage, type Page } from '../page.js';
import { readSession } from '../sessions/session-store.js';
import type { SessionResourceRow } from './resource-tables.js';
import type { SessionRow } from '../sessions/session-tables.js';
import { invalid, validate } from '../validate.js';
import { attachResources, holdPlanned } from './attach.js';
import { checkResourcesFit, MAX_FILES, planResources } from './plan.js';
import { readResources, type SessionResource, settingsOf, toResource } from './resource-rows.js';
import { type FileParams, resourceAddSchema, resourceUpdateSchema } from './resource-schema.js';

type Deleted = Anthropic.Beta.Sessions.BetaManagedAgentsDeleteSessionResource;

/** What a session was given: files, repositories, memory stores. Of the last two it keeps those that it began with. */
export interface SessionResources {
  retrieve(sessionId: string, id: string): Promise<SessionResource>;
  /** In the order in which the session got them; all of them where there is no limit. */
  list(sessionId: string, query: { limit: number; page?: number }): Promise<Page<SessionResource, number>>;
  /** A file; it is in the sandbox when this resolves, if there is one. */
  add(sessionId: string, body: unknown): Promise<SessionResource>;
  /** Another token for a repository. */
  update(sessionId: string, id: string, body: unknown): Promise<SessionResource>;
  /** Of a file, with the session's copy; the file that it was made of stays. */
  delete(sessionId: string, id: string): Promise<Deleted>;
}

export interface SessionResourcesDeps extends NounDeps, KeptDeps {
  now: Clock;
  secrets: Secrets;
  mounts: Pick<Mounts, 'prepare'>;
}

export function createSessionResources(deps: SessionResourcesDeps): SessionResources {
  const { db, workspace, clock, secrets, mounts } = deps;
  return {
    async retrieve(sessionId, id) {
      await readSession(db, workspace, sessionId);
      return toResource(await readRow(deps, sessionId, id));
    },

    async list(sessionId, { limit, page = -1 }) {
      await readSession(db, workspace, sessionId);
      const rows = (await readResources(db, [sessionId])).filter(({ position }) => position > page);
      const cut = cutPage(rows, limit, ({ position }) => position);
      return { data: cut.data.map(toResource), next: cut.next };
    },

    async add(sessionId, body) {
      const params = validate(resourceAddSchema, body);
      const session = await readChangeable(deps, sessionId);
      checkResourcesFit([params], await readEnvironment(db, workspace, session.environment_id));
      const row = await addFile(deps, sessionId, params);
      await showFile(deps, row);
      return toResource(row);
    },

    async update(sessionId, id, body) {
      const { authorization_token } = validate(resourceUpdateSchema, body);
      await readChangeable(deps, sessionId);
      const row = await readRow(deps, sessionId, id);
      if (row.type !== 'github_repository')
        throw invalid('resource_id', 'only the token of a repository can be changed');
      const changed = { ...secrets.seal(id, authorization_token), updated_at: clock() };
      await db.updateTable('session_resources').set(changed).where('id', '=', id).execute();
      return toResource({ ...row, ...changed });
    },

    async delete(sessionId, id) {
      await readChangeable(deps, sessionId);
      const row = await readRow(deps, sessionId, id);
      if (row.type !== 'file') throw invalid('resource_id', 'a session keeps its repositories');
      await removeFile(deps, row);
      // Where that cannot be done now, it is done before the next command.
      await mounts.prepare(sessionId).catch(() => {});
      return { id, type: 'session_resource_deleted' };
    },
  };
}

async function readRow({ db }: SessionResourcesDeps, sessionId: string, id: string): Promise<SessionResourceRow> {
  const row = await db
    .selectFrom('session_resources')
    .selectAll()
    .where('session_id', '=', sessionId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw new ApiError('not_found_error', `There is no resource ${id} in session ${sessionId}.`);
  return row;
}

async function readChangeable({ db, workspace }: SessionResourcesDeps, sessionId: string): Promise<SessionRow> {
  const session = await readSession(db, workspace, sessionId);
  if (session.archived_at !== null) throw invalid('session_id', `session ${sessionId} is archived`);
  return session;
}

async function addFile(
  deps: SessionResourcesDeps,
  session_id: string,
  params: FileParams,
): Promise<SessionResourceRow> {
  const planned = await planResources(deps, [params], { field: '' });
  return holdPlanned(deps.turns, planned, () =>
    deps.db.transaction().execute(async (tx) => {
      // It may have been deleted while others had their turn.
      await readChangeable({ ...deps, db: tx }, session_id);
      const there = await readResources(tx, [session_id]);
      const files = there.filter(({ type }) => type === 'file');
      if (files.length >= MAX_FILES) throw invalid('session_id', `the session has ${MAX_FILES} files already`);
      const taken = files.map((row) => settingsOf(row, 'file').mount_path);
      const again = await planResources({ ...deps, db: tx }, [params], { field: '', taken });
      const position = (there.at(-1)?.position ?? -1) + 1;
      const at = { session_id, created_at: deps.clock(), position };
      const [row] = await attachResources({ ...deps, db: tx }, again, at);
      if (!row) throw new Error('Nothing was attached.');
      return row;
    }),
  );
}

/** A file that cannot be put in its place is not attached: a client that tries again is not told that it is there already. */
async function showFile(deps: SessionResourcesDeps, row: SessionResourceRow): Promise<void> {
  try {
    await deps.mounts.prepare(row.session_id);
  } catch (error) {
    await removeFile(deps, row);
    await readSession(deps.db, deps.workspace, row.session_id);
    throw error;
  }
}

async function removeFile(deps: SessionResourcesDeps, { id, file_id }: SessionResourceRow): Promise<void> {
  const { db } = deps;
  const copy = await db
    .selectFrom('files')
    .select('content')
    .where('id', '=', file_id ?? '')
    .executeTakeFirst();
  const forget = () =>
    db.transaction().execute(async (tx) => {
      await tx.deleteFrom('session_resources').where('id', '=', id).execute();
      await tx
        .deleteFrom('files')
        .where('id', '=', file_id ?? '')
        .execute();
    });
  await (copy?.content ? releaseContent(deps, copy.content, forget) : forget());
}
