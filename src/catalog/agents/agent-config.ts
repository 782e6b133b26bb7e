import type Anthropic from '@anthropic-ai/sdk';
import type { AgentUpdate } from './agent-schema.js';
import { checkTools, resolveTools } from './agent-tools.js';
import { mergeMetadata } from '../metadata.js';
import { resolveModel } from './model-config.js';
import { resolveMultiagent, type Roster } from './multiagent-resolve.js';
import { resolveSkills } from './skills.js';

export type Agent = Anthropic.Beta.Agents.BetaManagedAgentsAgent;
/** What a version of an agent says: the resource without its identity and times. */
export type AgentConfig = Omit<Agent, 'id' | 'type' | 'version' | 'created_at' | 'updated_at' | 'archived_at'>;

/** An agent that says nothing yet but its name and its model. */
export function emptyConfig(name: string, model: AgentConfig['model']): AgentConfig {
  return {
    name,
    model,
    description: null,
    system: null,
    tools: [],
    mcp_servers: [],
    skills: [],
    multiagent: null,
    execution_identity: { type: 'service_account' },
    metadata: {},
  };
}

/** The stored configuration with an update merged in: omitted keeps, null clears, arrays replace (endpoints §2). */
export async function mergeConfig(
  stored: AgentConfig,
  update: Omit<AgentUpdate, 'version'>,
  roster: Omit<Roster, 'owner'> & { owner: Roster['owner']['reference'] },
): Promise<AgentConfig> {
  const model = update.model === undefined ? stored.model : resolveModel(update.model, stored.model);
  const merged: AgentConfig = {
    name: update.name ?? stored.name,
    model,
    // An empty text clears, as null does.
    description: update.description === undefined ? stored.description : update.description || null,
    system: update.system === undefined ? stored.system : update.system || null,
    tools: update.tools === undefined ? stored.tools : resolveTools(update.tools ?? []),
    mcp_servers: update.mcp_servers === undefined ? stored.mcp_servers : (update.mcp_servers ?? []),
    skills: update.skills === undefined ? stored.skills : resolveSkills(update.skills ?? []),
    multiagent: await mergeMultiagent(stored, update, { ...roster, owner: { reference: roster.owner, model } }),
    execution_identity:
      update.execution_identity === undefined
        ? stored.execution_identity
        : (update.execution_identity ?? { type: 'service_account' }),
    metadata: mergeMetadata(stored.metadata, update.metadata),
  };
  checkTools(merged.tools, merged.mcp_servers);
  return merged;
}

async function mergeMultiagent(
  stored: AgentConfig,
  update: Pick<AgentUpdate, 'multiagent'>,
  roster: Roster,
): Promise<AgentConfig['multiagent']> {
  if (update.multiagent === undefined) return stored.multiagent;
  if (update.multiagent === null) return null;
  return resolveMultiagent(update.multiagent, stored.multiagent, roster);
}
