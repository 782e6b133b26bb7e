import type Anthropic from '@anthropic-ai/sdk';
import type { ModelConfig } from './model-config.js';
import type { Multiagent, MultiagentParams, RosterEntry } from './multiagent.js';
import { invalid } from '../validate.js';

type AgentReference = Anthropic.Beta.Agents.BetaManagedAgentsAgentReference;

/** A saved agent, as far as a roster has to know it. */
export interface RosterAgent {
  reference: AgentReference;
  model: ModelConfig;
  multiagent: Multiagent | null;
  archived: boolean;
}

export interface Roster {
  /** The agent that owns the configuration, in the version that is being written. */
  owner: { reference: AgentReference; model: ModelConfig };
  find(id: string, version?: number): Promise<RosterAgent | undefined>;
}

/**
 * The setting as responses show it, members pinned to versions. Merged into the stored one, level by level, when both are
 * `multiagent_20261001`: omitted keeps, null is the default (behaviours §9.1).
 */
export async function resolveMultiagent(
  params: MultiagentParams,
  stored: Multiagent | null,
  roster: Roster,
): Promise<Multiagent> {
  if (params.type === 'coordinator') return resolveCoordinator(params, roster);
  const base = stored?.type === params.type ? stored : DEFAULTS;
  return {
    type: params.type,
    advisor: params.advisor === undefined ? base.advisor : (params.advisor ?? DEFAULTS.advisor),
    subagents: await resolveMember(params.subagents, base.subagents, 'multiagent.subagents', roster),
    workflows: await resolveMember(params.workflows, base.workflows, 'multiagent.workflows', roster),
  };
}

type CoordinatorParams = Extract<MultiagentParams, { type: 'coordinator' }>;
type Parts = Extract<Multiagent, { type: 'multiagent_20261001' }>;
type PartsParams = Extract<MultiagentParams, { type: 'multiagent_20261001' }>;

const ENABLED = {
  type: 'enabled' as const,
  inline_agents: { type: 'enabled' as const },
  predefined_agents: [],
};
const DEFAULTS: Parts = {
  type: 'multiagent_20261001',
  advisor: { type: 'disabled' },
  subagents: ENABLED,
  workflows: ENABLED,
};

async function resolveCoordinator(params: CoordinatorParams, roster: Roster): Promise<Multiagent> {
  const agents: AgentReference[] = [];
  const advisors: Anthropic.Beta.Agents.BetaManagedAgentsAdvisor[] = [];
  for (const [index, entry] of params.agents.entries()) {
    const path = `multiagent.agents.${index}`;
    if (typeof entry !== 'string' && entry.type === 'advisor') {
      if (advisors.length > 0) throw invalid(path, 'a roster has at most one advisor');
      advisors.push(entry);
    } else {
      agents.push(await resolveEntry(entry, path, roster, { nested: false }));
    }
  }
  checkDistinct(agents, 'multiagent.agents');
  return { type: 'coordinator', agents: [...agents, ...advisors] };
}

async function resolveMember(
  params: PartsParams['subagents'],
  stored: Parts['subagents'],
  path: string,
  roster: Roster,
): Promise<Parts['subagents']> {
  if (params === undefined) return stored;
  if (params === null) return ENABLED;
  if (params.type === 'disabled') return params;
  const base = stored.type === 'enabled' ? stored : ENABLED;
  const inline_agents =
    params.inline_agents === undefined ? base.inline_agents : (params.inline_agents ?? ENABLED.inline_agents);
  const predefined_agents =
    params.predefined_agents === undefined
      ? base.predefined_agents
      : await resolveList(params.predefined_agents ?? [], `${path}.predefined_agents`, roster);
  if (inline_agents.type === 'disabled' && predefined_agents.length === 0) {
    throw invalid(`${path}.predefined_agents`, 'must name an agent when inline_agents is disabled');
  }
  return { type: 'enabled', inline_agents, predefined_agents };
}

type Entry = Exclude<RosterEntry, { type: 'advisor' }>;

async function resolveList(entries: Entry[], path: string, roster: Roster): Promise<AgentReference[]> {
  const agents: AgentReference[] = [];
  for (const [index, entry] of entries.entries()) {
    agents.push(await resolveEntry(entry, `${path}.${index}`, roster, { nested: true }));
  }
  checkDistinct(agents, path);
  return agents;
}

async function resolveEntry(
  entry: Entry,
  path: string,
  roster: Roster,
  allow: { nested: boolean },
): Promise<AgentReference> {
  if (typeof entry !== 'string' && entry.type === 'self') return roster.owner.reference;
  const { id, version } = typeof entry === 'string' ? { id: entry } : entry;
  if (id === roster.owner.reference.id && version === undefined) return roster.owner.reference;
  const found = await roster.find(id, version);
  if (!found) throw invalid(path, `there is no agent ${id}${version === undefined ? '' : ` version ${version}`}`);
  if (found.archived) throw invalid(path, `agent ${id} is archived`);
  if (!allow.nested && found.multiagent !== null) throw invalid(path, `agent ${id} is itself multi-agent`);
  if (found.model.inference_geo !== roster.owner.model.inference_geo) {
    throw invalid(path, `agent ${id} has another model.inference_geo`);
  }
  return found.reference;
}

function checkDistinct(agents: AgentReference[], path: string): void {
  const ids = agents.map((agent) => agent.id);
  const repeated = ids.findIndex((id, index) => ids.indexOf(id) < index);
  if (repeated >= 0) throw invalid(path, `names agent ${ids[repeated]} twice`);
}
