import type { SessionAgent } from '../../session/session.js';
import { AGENT_TOOL_NAMES, type AgentToolset } from '../agents/agent-toolset.js';
import type { EnvironmentConfig } from '../environments/environment-config.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';

/** Refuses, by name, what an agent uses and a session cannot give it. Saving such an agent is fine. */
export function checkAgentSupport(agent: Pick<SessionAgent, 'tools' | 'mcp_servers' | 'skills'>): void {
  if (agent.mcp_servers.length > 0) throw invalid('agent.mcp_servers', 'MCP servers are not available yet');
  if (agent.skills.length > 0) throw invalid('agent.skills', 'skills are not available yet');
  for (const [index, tool] of agent.tools.entries()) {
    const path = `agent.tools.${index}`;
    switch (tool.type) {
      case 'custom':
        throw invalid(path, `custom tools are not available yet ("${tool.name}")`);
      case 'mcp_toolset':
        throw invalid(path, 'MCP toolsets are not available yet');
      case 'agent_toolset_20260401':
        checkToolset(tool, path);
        break;
      default:
        unreachable(tool);
    }
  }
}

/** Refuses what a session is created with and cannot have yet. */
export function checkRequestSupport(request: { vault_ids?: unknown[]; resources?: unknown[]; budget?: unknown }): void {
  if (request.resources && request.resources.length > 0) throw invalid('resources', 'resources are not available yet');
  if (request.vault_ids && request.vault_ids.length > 0) throw invalid('vault_ids', 'vaults are not available yet');
  if (request.budget != null) throw invalid('budget', 'budgets are not available yet');
}

export function checkEnvironmentSupport(config: EnvironmentConfig): void {
  if (config.type === 'cloud') return;
  throw invalid('environment_id', 'self_hosted environments cannot run sessions yet');
}

const WEB_TOOLS: ReadonlySet<string> = new Set(['web_fetch', 'web_search']);

function checkToolset(toolset: AgentToolset, path: string): void {
  for (const name of AGENT_TOOL_NAMES) {
    const index = toolset.configs.findIndex((config) => config.name === name);
    const config = toolset.configs[index];
    const { enabled, permission_policy } = config ?? toolset.default_config;
    if (!enabled) continue;
    const where = config ? `${path}.configs.${index}` : `${path}.default_config`;
    if (WEB_TOOLS.has(name)) {
      // Enabled by default it is simply not offered; asked for by name it must not be missing without a word.
      if (config) throw invalid(where, `${name} is not available yet`);
    } else if (permission_policy.type !== 'always_allow') {
      const policy = permission_policy.type;
      throw invalid(`${where}.permission_policy`, `"${policy}" is not available yet, only "always_allow"`);
    }
  }
}
