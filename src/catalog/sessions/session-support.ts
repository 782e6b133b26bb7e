import type { SessionAgent } from '../../session/session.js';
import type { AgentToolset } from '../agents/agent-toolset.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';

/** Refuses, by name, what an agent uses and a session cannot give it. Saving such an agent is fine. */
export function checkAgentSupport(agent: Pick<SessionAgent, 'tools' | 'mcp_servers' | 'skills'>): void {
  if (agent.mcp_servers.length > 0) throw invalid('agent.mcp_servers', 'MCP servers are not available yet');
  if (agent.skills.length > 0 && !canRead(agent)) {
    throw invalid('agent.skills', 'need the tool read of agent_toolset_20260401, with which they are loaded');
  }
  for (const [index, tool] of agent.tools.entries()) {
    const path = `agent.tools.${index}`;
    switch (tool.type) {
      case 'custom':
        break;
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

function canRead({ tools }: Pick<SessionAgent, 'tools'>): boolean {
  const toolset = tools.find((tool) => tool.type === 'agent_toolset_20260401');
  const config = toolset?.configs.find(({ name }) => name === 'read') ?? toolset?.default_config;
  return config?.enabled === true;
}

const WEB_TOOLS: ReadonlySet<string> = new Set(['web_fetch', 'web_search']);

/** Enabled by default a web tool is simply not offered; asked for by name it must not be missing without a word. */
function checkToolset({ configs }: AgentToolset, path: string): void {
  for (const [index, { name, enabled }] of configs.entries()) {
    if (enabled && WEB_TOOLS.has(name)) throw invalid(`${path}.configs.${index}`, `${name} is not available yet`);
  }
}
