import type { SessionAgent } from '../../session/session.js';
import type { Agent } from '../agents/agent-config.js';
import { checkTools, resolveTools } from '../agents/agent-tools.js';
import { resolveModel } from '../agents/model-config.js';
import { isSingleThreaded } from '../agents/multiagent.js';
import type { AgentOverrides, AgentSelection } from './session-schema.js';
import { resolveSkills } from '../agents/skills.js';
import { invalid } from '../validate.js';

/** Which agent a session is asked to run: its id, and its version when one is named. */
export function selectedAgent(selection: AgentSelection): { id: string; version?: number } {
  if (typeof selection === 'string') return { id: selection };
  const { id, version } = selection;
  return version === undefined ? { id } : { id, version };
}

/** The frozen snapshot that a session runs: the agent with the overrides put in (endpoints §4). */
export function snapshotAgent(agent: Agent, selection: AgentSelection): SessionAgent {
  const overrides: Partial<AgentOverrides> =
    typeof selection === 'string' || selection.type === 'agent' ? {} : selection;
  const snapshot: SessionAgent = {
    type: 'agent',
    id: agent.id,
    version: agent.version,
    name: agent.name,
    description: agent.description,
    model: overrideModel(agent, overrides.model),
    system: overrides.system === undefined ? agent.system : overrides.system || null,
    tools: overrides.tools === undefined ? agent.tools : resolveTools(overrides.tools ?? []),
    mcp_servers: overrides.mcp_servers === undefined ? agent.mcp_servers : (overrides.mcp_servers ?? []),
    skills: overrides.skills === undefined ? agent.skills : resolveSkills(overrides.skills ?? []),
    multiagent: snapshotMultiagent(agent),
    execution_identity: agent.execution_identity,
  };
  if (overrides.tools !== undefined && snapshot.tools.length === 0 && snapshot.skills.length > 0) {
    throw invalid('agent.tools', 'cannot be cleared while the agent has skills');
  }
  checkTools(snapshot.tools, snapshot.mcp_servers, 'agent.');
  return snapshot;
}

function overrideModel(agent: Agent, model: AgentOverrides['model']): Agent['model'] {
  if (model === undefined) return agent.model;
  if (model === null) throw invalid('agent.model', 'cannot be cleared', 'agent_model_required');
  // An effort inside an override has no effect: the model's default counts.
  return resolveModel(typeof model === 'string' ? model : { ...model, effort: null });
}

function snapshotMultiagent({ multiagent }: Agent): SessionAgent['multiagent'] {
  if (multiagent === null) return null;
  if (!isSingleThreaded(multiagent)) throw invalid('agent.multiagent', 'multi-agent sessions are not available yet');
  return {
    type: 'multiagent_20261001',
    advisor: { type: 'disabled' },
    subagents: { type: 'disabled' },
    workflows: { type: 'disabled' },
  };
}
