import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../api-error.js';
import { newId } from '../../ids.js';
import { archiveDeploymentsOf } from '../deployments/deployment-state.js';
import type { DeploymentsDeps } from '../deployments/deployment-deps.js';
import type { NoteMade, NounDeps } from '../noun.js';
import type { Database } from '../../storage/database.js';
import { type Agent, type AgentConfig, emptyConfig, mergeConfig } from './agent-config.js';
import { type AgentUpdate, agentCreateSchema, agentUpdateSchema } from './agent-schema.js';
import {
  type AgentQuery,
  findAgent,
  insertVersion,
  listAgents,
  listVersions,
  readAgent,
  type VersionCursor,
  type VersionQuery,
} from './agent-store.js';
import { resolveModel } from './model-config.js';
import { checkSkills } from '../skills/references.js';
import type { AgeCursor, Page } from '../page.js';
import { invalid, validate } from '../validate.js';
import type { Announce } from '../webhooks/announce.js';

export interface Agents {
  create(body: unknown, note?: NoteMade): Promise<Agent>;
  /** The current version unless another is named. */
  retrieve(id: string, version?: number): Promise<Agent>;
  /** A new version, or the current one when nothing changes. `version` in the body is an optimistic lock (409). */
  update(id: string, body: unknown): Promise<Agent>;
  /** Newest first. */
  list(query: AgentQuery): Promise<Page<Agent, AgeCursor>>;
  /** With its deployments. Idempotent. */
  archive(id: string): Promise<Agent>;
  /** Highest version first. */
  listVersions(query: VersionQuery): Promise<Page<Agent, VersionCursor>>;
}

export interface AgentsDeps extends NounDeps, Pick<DeploymentsDeps, 'scheduleSync'> {}

export function createAgents(deps: AgentsDeps): Agents {
  const { db, clock, workspace, announce } = deps;
  return {
    async create(body, note) {
      const params = validate(agentCreateSchema, body);
      const id = newId('agent');
      return db.transaction().execute(async (tx) => {
        const empty = emptyConfig(params.name, resolveModel(params.model));
        const config = await mergeConfig(empty, params, rosterOf(tx, workspace, id, 1));
        await checkSkills(tx, workspace, config.skills);
        const now = clock();
        await tx
          .insertInto('agents')
          .values({ id, workspace, version: 1, created_at: now, archived_at: null })
          .execute();
        await insertVersion(tx, { agent_id: id, version: 1, workspace, created_at: now, config });
        await announce(tx, { type: 'agent.created', id });
        await note?.(tx, id);
        return readAgent(tx, workspace, id);
      });
    },

    retrieve: (id, version) => readAgent(db, workspace, id, version),

    update: (id, body) =>
      db.transaction().execute((tx) => {
        return updateAgent(tx, { id, workspace, now: clock(), update: validate(agentUpdateSchema, body), announce });
      }),

    list: (query) => listAgents(db, workspace, query),

    async archive(id) {
      const stopped = await db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('agents')
          .set({ archived_at: clock() })
          .where('id', '=', id)
          .where('workspace', '=', workspace)
          .where('archived_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows > 0n) await announce(tx, { type: 'agent.archived', id });
        return archiveDeploymentsOf({ ...deps, db: tx }, id);
      });
      await deps.scheduleSync.attempt(stopped);
      return readAgent(db, workspace, id);
    },

    async listVersions(query) {
      await readAgent(db, workspace, query.id);
      return listVersions(db, workspace, query);
    },
  };
}

interface UpdateRequest {
  id: string;
  workspace: string;
  now: number;
  update: AgentUpdate;
  announce: Announce;
}

async function updateAgent(tx: Database, request: UpdateRequest): Promise<Agent> {
  const { id, workspace, now, update } = request;
  const current = await readAgent(tx, workspace, id);
  const { version: expected, ...change } = update;
  if (current.archived_at !== null) throw invalid('agent_id', `agent ${id} is archived and cannot be updated`);
  if (expected !== undefined && expected !== current.version) {
    throw new ApiError(
      'conflict_error',
      `version: agent ${id} is at version ${current.version}, not at ${expected}. Read it again, then update.`,
    );
  }
  const stored = toConfig(current);
  // A roster's `self` follows the version: against the present one it shows whether anything else changes.
  const same = await mergeConfig(stored, change, rosterOf(tx, workspace, id, current.version));
  if (isDeepStrictEqual(same, stored)) return current;
  // One that was deleted since need not stop other changes.
  if (change.skills !== undefined) await checkSkills(tx, workspace, same.skills);
  const version = current.version + 1;
  const config = await mergeConfig(stored, change, rosterOf(tx, workspace, id, version));
  await insertVersion(tx, { agent_id: id, version, workspace, created_at: now, config });
  await tx.updateTable('agents').set({ version }).where('id', '=', id).execute();
  await request.announce(tx, { type: 'agent.updated', id });
  return readAgent(tx, workspace, id);
}

function rosterOf(db: Database, workspace: string, id: string, version: number) {
  return {
    owner: { type: 'agent' as const, id, version },
    find: async (memberId: string, memberVersion?: number) => {
      const agent = await findAgent(db, workspace, memberId, memberVersion);
      if (!agent) return undefined;
      const reference = { type: 'agent' as const, id: agent.id, version: agent.version };
      const archived = agent.archived_at !== null;
      return { reference, model: agent.model, multiagent: agent.multiagent, archived };
    },
  };
}

function toConfig(agent: Agent): AgentConfig {
  const { id: _, type: _type, version: _version, created_at: _c, updated_at: _u, archived_at: _a, ...config } = agent;
  return config;
}
