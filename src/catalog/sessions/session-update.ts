import { isDeepStrictEqual } from 'node:util';
import type { SessionAgent, SessionChange } from '../../session/session.js';
import { checkTools, resolveTools } from '../agents/agent-tools.js';
import { mergeMetadata, type Metadata, type MetadataPatch } from '../metadata.js';
import { checkBudgetable } from './budget.js';
import { isBusy, type LiveSession, readLive, type SessionDeps } from './session-deps.js';
import { currentAgent } from './session-resource.js';
import { sessionUpdateSchema } from './session-schema.js';
import { checkAgentSupport } from './session-support.js';
import { invalid, validate } from '../validate.js';

/** Changes title, metadata, budget and the agent's tools; a request that changes nothing is fine. */
export async function updateSession(deps: SessionDeps, id: string, body: unknown): Promise<void> {
  const update = validate(sessionUpdateSchema, body);
  if (update.vault_ids !== undefined) throw invalid('vault_ids', 'changing the vaults of a session is not supported');
  const live = await readLive(deps, id);
  if (update.budget != null) checkBudgetChange(deps, live);
  const metadata = update.metadata == null ? undefined : metadataChange(live.state.metadata, update.metadata);
  const agent = update.agent && changedAgent(live, update.agent);
  const change: SessionChange = {
    ...(update.title === undefined ? {} : { title: update.title }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(agent === undefined ? {} : { agent }),
    ...(update.budget === undefined ? {} : { budget: update.budget }),
  };
  if (Object.keys(change).length > 0) await deps.sessions.update(id, change);
}

/** The workflow merges it, and refuses what another change has made too much. It gets no more of it than there may be. */
function metadataChange(stored: Metadata, patch: MetadataPatch): MetadataPatch {
  mergeMetadata(stored, patch);
  return Object.fromEntries(Object.entries(patch).filter(([key, text]) => text !== null || Object.hasOwn(stored, key)));
}

/** Whether it is above what the session has cost is its workflow's to say, which knows that exactly. */
function checkBudgetChange(deps: SessionDeps, { row, state }: LiveSession): void {
  if (state.budget == null) {
    throw invalid('budget', 'cannot be added to a session that has none, or had its own removed', 'budget_create_only');
  }
  checkBudgetable(deps, currentAgent(row, state));
}

type AgentUpdate = NonNullable<ReturnType<typeof sessionUpdateSchema.parse>['agent']>;

function changedAgent({ row, state }: LiveSession, update: AgentUpdate): SessionAgent | undefined {
  const current = currentAgent(row, state);
  const agent: SessionAgent = {
    ...current,
    tools: update.tools ? resolveTools(update.tools) : current.tools,
    mcp_servers: update.mcp_servers ?? current.mcp_servers,
  };
  checkTools(agent.tools, agent.mcp_servers, 'agent.');
  checkAgentSupport(agent);
  if (isBusy(state))
    throw invalid('agent', `cannot be changed while the session is ${state.status}; interrupt it first`);
  return isDeepStrictEqual(agent, current) ? undefined : agent;
}
