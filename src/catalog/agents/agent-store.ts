import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { countFitting } from '../../storage/page-size.js';
import type { Agent, AgentConfig } from './agent-config.js';
import { toTimestamp } from '../clock.js';
import { type AgeCursor, type ArchivableQuery, cutPage, newestLiveFirst, type Page, toPage } from '../page.js';

export interface AgentQuery extends ArchivableQuery {
  created_at?: { gte?: number; lte?: number };
}

export interface VersionCursor {
  version: number;
}

export interface VersionQuery {
  id: string;
  limit: number;
  page?: VersionCursor;
}

/** One agent in one version; `not_found_error` when there is none. Takes part in a transaction when given one. */
export async function readAgent(db: Database, workspace: string, id: string, version?: number): Promise<Agent> {
  const agent = await findAgent(db, workspace, id, version);
  if (agent) return agent;
  const which = version === undefined ? id : `${id} version ${version}`;
  throw new ApiError('not_found_error', `There is no agent ${which}.`);
}

/** As `readAgent`, without the error. */
export async function findAgent(
  db: Database,
  workspace: string,
  id: string,
  version?: number,
): Promise<Agent | undefined> {
  const query = selectAgents(db, workspace).where('agents.id', '=', id);
  const row = await (
    version === undefined
      ? query.whereRef('agent_versions.version', '=', 'agents.version')
      : query.where('agent_versions.version', '=', version)
  ).executeTakeFirst();
  return row && toAgent(row);
}

export interface NewVersion {
  agent_id: string;
  version: number;
  workspace: string;
  created_at: number;
  config: AgentConfig;
}

/** Adds a version; who does it also says which one is current. */
export async function insertVersion(db: Database, { config, ...row }: NewVersion): Promise<void> {
  await db
    .insertInto('agent_versions')
    .values({ ...row, config: JSON.stringify(config) })
    .execute();
}

/** A page of agents in their current version, newest first. */
export async function listAgents(db: Database, workspace: string, query: AgentQuery): Promise<Page<Agent, AgeCursor>> {
  const fit = await countFitting(selectPage(db, workspace, query), 'config');
  const limit = Math.min(query.limit, fit);
  const rows = await selectPage(db, workspace, { ...query, limit }).execute();
  return toPage(rows, limit, toAgent);
}

/** A page of one agent's versions, highest first. */
export async function listVersions(
  db: Database,
  workspace: string,
  { id, limit: most, page: from }: VersionQuery,
): Promise<Page<Agent, VersionCursor>> {
  let query = selectAgents(db, workspace).where('agents.id', '=', id).orderBy('agent_versions.version', 'desc');
  if (from) query = query.where('agent_versions.version', '<', from.version);
  const limit = Math.min(most, await countFitting(query.limit(most + 1), 'config'));
  const rows = await query.limit(limit + 1).execute();
  const page = cutPage(rows, limit, (row) => ({ version: row.version }));
  return { data: page.data.map(toAgent), next: page.next };
}

function selectAgents(db: Database, workspace: string) {
  return db
    .selectFrom('agents')
    .innerJoin('agent_versions', 'agent_versions.agent_id', 'agents.id')
    .where('agents.workspace', '=', workspace)
    .select([
      'agents.id',
      'agents.created_at',
      'agents.archived_at',
      'agent_versions.version',
      'agent_versions.created_at as updated_at',
      'agent_versions.config',
    ]);
}

function selectPage(db: Database, workspace: string, { created_at, ...query }: AgentQuery) {
  let agents = selectAgents(db, workspace).whereRef('agent_versions.version', '=', 'agents.version');
  if (created_at?.gte !== undefined) agents = agents.where('agents.created_at', '>=', created_at.gte);
  if (created_at?.lte !== undefined) agents = agents.where('agents.created_at', '<=', created_at.lte);
  return agents.$call(newestLiveFirst(query, 'agents'));
}

interface SelectedAgent {
  id: string;
  created_at: number;
  archived_at: number | null;
  version: number;
  updated_at: number;
  config: string;
}

function toAgent(row: SelectedAgent): Agent {
  // Written by insertVersion and by nothing else.
  const config = JSON.parse(row.config) as AgentConfig;
  return {
    type: 'agent',
    id: row.id,
    version: row.version,
    ...config,
    created_at: toTimestamp(row.created_at),
    updated_at: toTimestamp(row.updated_at),
    archived_at: toTimestamp(row.archived_at),
  };
}
