import type { SessionAgent } from '../../session/session.js';
import { readAgent } from '../agents/agent-store.js';
import { readEnvironment } from '../environments/environments.js';
import { checkResourcesFit, planResources } from '../resources/plan.js';
import { pinSkills } from '../skills/session-skills.js';
import { invalid } from '../validate.js';
import { checkBudgetable } from './budget.js';
import { selectedAgent, snapshotAgent } from './session-agent.js';
import type { SessionDeps } from './session-deps.js';
import type { sessionCreateSchema } from './session-schema.js';
import { checkAgentSupport } from './session-support.js';

type Create = ReturnType<typeof sessionCreateSchema.parse>;
/** What of a session's creation refers to other things. */
export type CheckedParams = Pick<Create, 'agent' | 'environment_id' | 'vault_ids' | 'resources' | 'budget'>;

/**
 * Refuses what a session could not be made with, a deployment's as well: what is not there, archived, or does not go
 * together. Gives the agent as the session will run it.
 */
export async function checkParams(
  deps: Pick<SessionDeps, 'db' | 'workspace' | 'hasPrice' | 'now'>,
  params: CheckedParams,
): Promise<SessionAgent> {
  const agent = await snapshot(deps, params);
  if (params.budget) checkBudgetable(deps, agent);
  await checkEnvironment(deps, params);
  await checkVaults(deps, params.vault_ids ?? []);
  await planResources(deps, params.resources ?? []);
  return agent;
}

type Rows = Pick<SessionDeps, 'db' | 'workspace'>;

async function snapshot({ db, workspace }: Rows, params: CheckedParams): Promise<SessionAgent> {
  const { id, version } = selectedAgent(params.agent);
  const agent = await readAgent(db, workspace, id, version);
  if (agent.archived_at !== null) throw invalid('agent', `agent ${id} is archived`, 'agent_archived');
  const result = snapshotAgent(agent, params.agent);
  checkAgentSupport(result);
  return { ...result, skills: await pinSkills(db, workspace, result.skills) };
}

async function checkEnvironment({ db, workspace }: Rows, params: CheckedParams): Promise<void> {
  const { environment_id: id, resources = [] } = params;
  const environment = await readEnvironment(db, workspace, id);
  if (environment.archived_at !== null) {
    throw invalid('environment_id', `environment ${id} is archived`, 'environment_archived');
  }
  checkResourcesFit(resources, environment);
}

async function checkVaults({ db, workspace }: Rows, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await db
    .selectFrom('vaults')
    .select(['id', 'archived_at'])
    .where('id', 'in', ids)
    .where('workspace', '=', workspace)
    .execute();
  for (const [index, id] of ids.entries()) {
    const vault = rows.find((row) => row.id === id);
    if (!vault) throw invalid(`vault_ids.${index}`, `there is no vault ${id}`, 'vault_not_found');
    if (vault.archived_at !== null) throw invalid(`vault_ids.${index}`, `vault ${id} is archived`, 'vault_archived');
  }
}
