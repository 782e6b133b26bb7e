import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import type { InputEvent } from '../../session/session.js';
import type { Database } from '../../storage/database.js';
import { readAgent } from '../agents/agent-store.js';
import { readEnvironment } from '../environments/environments.js';
import { checkBudgetable } from './budget.js';
import { checkInitialEvents } from './event-support.js';
import { selectedAgent, snapshotAgent } from './session-agent.js';
import type { SessionDeps } from './session-deps.js';
import { sessionCreateSchema } from './session-schema.js';
import { checkAgentSupport, checkEnvironmentSupport, checkRequestSupport } from './session-support.js';
import { invalid, validate } from '../validate.js';

/**
 * Validates, stores and starts a session, all or nothing; gives its id. The row comes first and is invisible until the
 * workflow has begun, so that neither exists for good without the other.
 */
export async function createSession(deps: SessionDeps, body: unknown): Promise<string> {
  const params = validate(sessionCreateSchema, body);
  checkRequestSupport(params);
  checkInitialEvents(params.initial_events ?? []);
  const thread_id = newId('sthr');
  const id = newId('sesn');
  deps.inWork.add(id);
  try {
    await storeAndStart(deps, params, { id, thread_id });
  } finally {
    deps.inWork.delete(id);
  }
  return id;
}

interface Ids {
  id: string;
  thread_id: string;
}

async function storeAndStart(deps: SessionDeps, params: Params, { id, thread_id }: Ids): Promise<void> {
  const { agent_name, created_at } = await insertSession(deps, params, { id, thread_id });
  const initial_events = (params.initial_events ?? []).map((event): InputEvent => ({ ...event, id: newId('sevt') }));
  const { title = null, metadata = {}, budget } = params;
  const start = { session_id: id, thread_id, agent_name, title, metadata, initial_events, created_at };
  try {
    await deps.sessions.start(budget ? { ...start, budget } : start);
  } catch (error) {
    await undo(deps, id, error);
    throw error;
  }
  await deps.db.updateTable('sessions').set({ started_at: deps.clock() }).where('id', '=', id).execute();
}

type Params = ReturnType<typeof sessionCreateSchema.parse>;

function insertSession(deps: SessionDeps, params: Params, { id, thread_id }: Ids) {
  const { db, workspace, clock } = deps;
  return db.transaction().execute(async (tx) => {
    const agent = await snapshot(tx, workspace, params);
    if (params.budget) checkBudgetable(deps, agent);
    await checkEnvironment(tx, workspace, params.environment_id);
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
        vault_ids: '[]',
        resources: '[]',
        created_at,
        started_at: null,
        archived_at: null,
        deleted_at: null,
      })
      .execute();
    return { agent_name: agent.name, created_at };
  });
}

async function snapshot(tx: Database, workspace: string, params: Params) {
  const { id, version } = selectedAgent(params.agent);
  const agent = await readAgent(tx, workspace, id, version);
  if (agent.archived_at !== null) throw invalid('agent', `agent ${id} is archived`);
  const result = snapshotAgent(agent, params.agent);
  checkAgentSupport(result);
  return result;
}

async function checkEnvironment(tx: Database, workspace: string, id: string): Promise<void> {
  const environment = await readEnvironment(tx, workspace, id);
  if (environment.archived_at !== null) throw invalid('environment_id', `environment ${id} is archived`);
  checkEnvironmentSupport(environment.config);
}

/** A start that got no answer may have happened: the row then stays, marked for deletion, until the workflow is gone too. */
async function undo({ db, clock }: SessionDeps, id: string, error: unknown): Promise<void> {
  const refused = error instanceof ApiError && error.type === 'invalid_request_error';
  if (refused) await db.deleteFrom('sessions').where('id', '=', id).execute();
  else await db.updateTable('sessions').set({ deleted_at: clock() }).where('id', '=', id).execute();
}
