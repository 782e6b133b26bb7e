import type Anthropic from '@anthropic-ai/sdk';
import type { SessionState, SessionStatus } from '../../session/session.js';
import { createSession } from './session-create.js';
import { deleteSession, finishDeletion, listUnfinished, type Unfinished } from './session-delete.js';
import { isBusy, readLive, type SessionDeps } from './session-deps.js';
import { type Session, toSession } from './session-resource.js';
import { readResources } from '../resources/resource-rows.js';
import { listSessionRows, type SessionCursor, type SessionQuery } from './session-store.js';
import { updateSession } from './session-update.js';
import type { SessionRow } from './session-tables.js';
import { invalid } from '../validate.js';
import { endWorkOf } from '../work/work-end.js';

/** Sessions as a client sees them: the row of their creation, and the state that their log folds to. */
export interface SessionCatalog {
  /** `not_found_error` when there is no such session. */
  status(id: string): Promise<SessionStatus>;
  create(body: unknown): Promise<Session>;
  retrieve(id: string): Promise<Session>;
  update(id: string, body: unknown): Promise<Session>;
  list(query: SessionQuery): Promise<SessionPage>;
  /** Refused while it runs; from then on the session is not found. */
  delete(id: string): Promise<Anthropic.Beta.Sessions.BetaManagedAgentsDeletedSession>;
  /** Refused while it runs. Idempotent. */
  archive(id: string): Promise<Session>;
  /** Sessions whose creation or deletion did not end; for the sweep at start-up. Requests may be served meanwhile. */
  listUnfinished(): Promise<Unfinished[]>;
  /** Removes one of those, workflow and row. Idempotent. */
  finishDeletion(id: string): Promise<void>;
}

export interface SessionPage {
  data: Session[];
  next: SessionCursor | null;
  prev: SessionCursor | null;
}

export function createSessionCatalog(deps: SessionDeps): SessionCatalog {
  const retrieve = async (id: string) => {
    const { row, state } = await readLive(deps, id);
    return toSession({ row, state, resources: await readResources(deps.db, [id]) }, deps.now());
  };
  return {
    status: async (id) => (await readLive(deps, id)).state.status,
    create: async (body) => retrieve(await createSession(deps, body)),
    retrieve,
    async update(id, body) {
      await updateSession(deps, id, body);
      return retrieve(id);
    },
    list: (query) => listSessions(deps, query),
    async delete(id) {
      await deleteSession(deps, id);
      return { id, type: 'session_deleted' };
    },
    async archive(id) {
      await archiveSession(deps, id);
      return retrieve(id);
    },
    listUnfinished: () => listUnfinished(deps),
    finishDeletion: (id) => finishDeletion(deps, id),
  };
}

async function listSessions(deps: SessionDeps, query: SessionQuery): Promise<SessionPage> {
  const { rows, next, prev } = await listSessionRows(deps.db, deps.workspace, query);
  const states = await Promise.all(rows.map((row) => deps.log.getState(row.id)));
  const resources = await readResources(
    deps.db,
    rows.map(({ id }) => id),
  );
  const now = deps.now();
  const data = rows.flatMap((row, index) => {
    const state = states[index];
    // Without a state it has been deleted since the rows were read.
    return state && isWanted(row, state, query)
      ? [toSession({ row, state, resources: resources.filter(({ session_id }) => session_id === row.id) }, now)]
      : [];
  });
  return { data, next, prev };
}

/** The state is the truth; what the rows were chosen by may be a moment older. */
function isWanted(row: SessionRow, state: SessionState, query: SessionQuery): boolean {
  const archived = state.archived_at !== null || row.archived_at !== null;
  if (archived && query.include_archived !== true) return false;
  return query.statuses === undefined || query.statuses.includes(state.status);
}

/** Refused while it runs. Idempotent. */
export async function archiveSession(deps: SessionDeps, id: string): Promise<void> {
  const { state } = await readLive(deps, id);
  if (state.archived_at === null) {
    if (isBusy(state)) throw invalid('session_id', `session ${id} is ${state.status}; interrupt it first`);
    await deps.sessions.archive(id);
  }
  await deps.db
    .updateTable('sessions')
    .set({ archived_at: deps.clock() })
    .where('id', '=', id)
    .where('archived_at', 'is', null)
    .execute();
  await endWorkOf(deps.db, id, deps.now());
}
