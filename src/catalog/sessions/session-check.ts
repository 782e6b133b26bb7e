import type { SessionAgent } from '../../session/session.js';
import { readAgent } from '../agents/agent-store.js';
import { readEnvironment } from '../environments/environments.js';
import { pinSkills } from '../skills/session-skills.js';
import { invalid } from '../validate.js';
import { checkBudgetable } from './budget.js';
import { selectedAgent, snapshotAgent } from './session-agent.js';
import type { SessionDeps } from './session-deps.js';
import type { sessionCreateSchema } from './session-schema.js';
import { checkAgentSupport, checkEnvironmentSupport, checkRequestSupport } from './session-support.js';

type Create = ReturnType<typeof sessionCreateSchema.parse>;
/** What of a session's creation refers to other things. */
export type CheckedParams = Pick<Create, 'agent' | 'environment_id' | 'vault_ids' | 'resources' | 'budget'>;

/**
 * Refuses what a session could not be made with, a deployment's as well: what is not there, archived, or does not go
 * together. Gives the agent as the session will run it.
 */
export async function checkParams(
  deps: Pick<SessionDeps, 'db' | 'workspace' | 'hasPrice'>,
  params: CheckedParams,
): Promise<SessionAgent> {
  checkRequestSupport(params);
  const agent = await snapshot(deps, params);
  if (params.budget) checkBudgetable(deps, agent);
  await checkEnvironment(deps, params.environment_id);
  return agent;
}

type Rows = Pick<SessionDeps, 'db' | 'workspace'>;

async function snapshot({ db, workspace }: Rows, params: CheckedParams): Promise<SessionAgent> {
  const { id, version } = selectedAgent(params.agent);
  const agent = await readAgent(db, workspace, id, version);
  if (agent.archived_at !== null) throw invalid('agent', `agent ${id} is archived`);
  const result = snapshotAgent(agent, params.agent);
  checkAgentSupport(result);
  return { ...result, skills: await pinSkills(db, workspace, result.skills) };
}

async function checkEnvironment({ db, workspace }: Rows, id: string): Promise<void> {
  const environment = await readEnvironment(db, workspace, id);
  if (environment.archived_at !== null) throw invalid('environment_id', `environment ${id} is archived`);
  checkEnvironmentSupport(environment.config);
}
