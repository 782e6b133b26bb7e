import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { SessionStart } from '../../session/session.js';
import type { Database } from '../../storage/database.js';
import { checkFileReferences } from '../files/message-files.js';
import { attachResources, holdPlanned } from '../resources/attach.js';
import { planResources } from '../resources/plan.js';
import { keepSkills } from '../skills/session-skills.js';
import { readEnvironment } from '../environments/environments.js';
import { validate } from '../validate.js';
import { fileReferences } from './event-files.js';
import { queueWork, wakingInput } from '../work/work-supply.js';
import type { EventParams } from './event-schema.js';
import { checkInitialEvents } from './event-support.js';
import { toInputs } from './input-events.js';
import { type CheckedParams, checkParams } from './session-check.js';
import { forgetSession, type SessionDeps } from './session-deps.js';
import { currentAgent } from './session-resource.js';
import { sessionCreateSchema } from './session-schema.js';

/**
 * Validates, stores and starts a session, all or nothing; gives its id. The row comes first and is invisible until the
 * workflow has begun, so that neither exists for good without the other.
 */
export async function createSession(deps: SessionDeps, body: unknown): Promise<string> {
  const params = validate(sessionCreateSchema, body);
  checkInitialEvents(params.initial_events ?? []);
  const id = newId('sesn');
  await openSession(deps, params, { id });
  return id;
}

/** What a session is made with; a deployment's may begin with a system message, too. */
export type SessionParams = CheckedParams & {
  title?: string | null;
  metadata?: Record<string, string>;
  initial_events?: EventParams[];
};

/** Where a session comes from, when it is not a request of its own. */
export interface Origin {
  /** The session's id. */
  id: string;
  deployment_id?: string;
  /** Takes part in the transaction that makes the session visible. */
  settle?: (tx: Database) => Promise<void>;
  /** An earlier attempt may have come some way with this id: it is completed, and one that fails is not undone. */
  isRepeatable?: boolean;
}

/** Stores and starts a session whose params have the right form; what they refer to is checked. */
export async function openSession(deps: SessionDeps, params: SessionParams, origin: Origin): Promise<void> {
  deps.inWork.add(origin.id);
  try {
    await storeAndStart(deps, params, origin);
  } finally {
    deps.inWork.delete(origin.id);
  }
}

async function storeAndStart(deps: SessionDeps, params: SessionParams, origin: Origin): Promise<void> {
  const { id, settle, isRepeatable = false } = origin;
  const initial_events = await toInputs(deps, params.initial_events ?? [], 'initial_events');
  const stored =
    (isRepeatable ? await findStored(deps.db, id) : undefined) ?? (await insertSession(deps, params, origin));
  const { title = null, metadata = {}, budget, environment_id } = params;
  const start = { session_id: id, ...stored, title, metadata, initial_events };
  try {
    await deps.sessions.start(budget ? { ...start, budget } : start);
  } catch (error) {
    await undo(deps, origin, error);
    throw error;
  }
  await deps.db.transaction().execute(async (tx) => {
    await tx.updateTable('sessions').set({ started_at: deps.clock() }).where('id', '=', id).execute();
    const input = stored.self_hosted && wakingInput(initial_events);
    if (input) await queueWork(deps, tx, { id, workspace: deps.workspace, environment_id }, input);
    await settle?.(tx);
  });
  deps.bell.ring(environment_id);
}

type Stored = Pick<SessionStart, 'thread_id' | 'agent_name' | 'created_at' | 'self_hosted'>;

async function findStored(db: Database, id: string): Promise<Stored | undefined> {
  const row = await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return undefined;
  const { thread_id, created_at } = row;
  const self_hosted = row.self_hosted === 1;
  const agent_name = currentAgent(row, { agent: null }).name;
  return { thread_id, created_at, agent_name, ...(self_hosted && { self_hosted }) };
}

async function insertSession(deps: SessionDeps, params: SessionParams, origin: Origin): Promise<Stored> {
  await checkFileReferences(deps, fileReferences(params.initial_events ?? [], 'initial_events'));
  const planned = await planResources(deps, params.resources ?? []);
  return holdPlanned(deps.turns, planned, () =>
    deps.db.transaction().execute((tx) => insertRows(deps, tx, params, origin)),
  );
}

async function insertRows(deps: SessionDeps, tx: Database, params: SessionParams, origin: Origin): Promise<Stored> {
  const { workspace, clock } = deps;
  const { id, deployment_id } = origin;
  const agent = await checkParams({ ...deps, db: tx }, params);
  const { config } = await readEnvironment(tx, workspace, params.environment_id);
  const self_hosted = config.type === 'self_hosted';
  const thread_id = newId('sthr');
  const created_at = clock();
  await tx
    .insertInto('sessions')
    .values({
      id,
      workspace,
      thread_id,
      agent_id: agent.id,
      agent_version: agent.version,
      agent: JSON.stringify(agent),
      environment_id: params.environment_id,
      self_hosted: Number(self_hosted),
      deployment_id: deployment_id ?? null,
      vault_ids: JSON.stringify([...new Set(params.vault_ids)]),
      created_at,
      started_at: null,
      archived_at: null,
      deleted_at: null,
    })
    .execute();
  const planned = await planResources({ ...deps, db: tx }, params.resources ?? []);
  await attachResources({ ...deps, db: tx }, planned, { session_id: id, created_at, position: 0 });
  await keepSkills(tx, { session_id: id, workspace }, agent.skills);
  return { thread_id, agent_name: agent.name, created_at, ...(self_hosted && { self_hosted }) };
}

/** A start that got no answer may have happened: the row then stays, marked for deletion, until the workflow is gone too. */
async function undo(deps: SessionDeps, { id, isRepeatable = false }: Origin, error: unknown): Promise<void> {
  const refused = error instanceof ApiError && error.type === 'invalid_request_error';
  if (refused) await forgetSession(deps, id);
  else if (!isRepeatable)
    await deps.db.updateTable('sessions').set({ deleted_at: deps.clock() }).where('id', '=', id).execute();
}
