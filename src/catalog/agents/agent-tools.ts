import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { agentToolsetSchema, resolveAgentToolset } from './agent-toolset.js';
import { customToolSchema } from './custom-tool.js';
import { mcpToolsetSchema, resolveMcpToolset } from './mcp.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';
import { checkUrlSources } from './web-tools.js';

type Agent = Anthropic.Beta.Agents.BetaManagedAgentsAgent;
export type Tools = Agent['tools'];
export type McpServers = Agent['mcp_servers'];
type ToolParams = NonNullable<Anthropic.Beta.Agents.AgentCreateParams['tools']>;

export const toolsSchema = z
  .array(z.discriminatedUnion('type', [agentToolsetSchema, mcpToolsetSchema, customToolSchema]))
  .max(256) satisfies z.ZodType<ToolParams>;

/** The tools as responses show them: every default written out. */
export function resolveTools(params: ToolParams): Tools {
  return params.map((tool) => {
    switch (tool.type) {
      case 'agent_toolset_20260401':
        return resolveAgentToolset(tool);
      case 'mcp_toolset':
        return resolveMcpToolset(tool);
      case 'custom':
        return tool;
      default:
        return unreachable(tool);
    }
  });
}

/**
 * The rules that span tools and MCP servers: no name twice, and servers and toolsets name each other. `at` is where they
 * stand in the request: empty, or a path that ends in a dot.
 */
export function checkTools(tools: Tools, servers: McpServers, at = ''): void {
  const customTools = checkNames(tools, at);
  const declared = new Set(servers.map((server) => server.name));
  const used = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    if (tool.type === 'agent_toolset_20260401') checkWebFetch(tool.configs, `${at}tools.${index}`, customTools);
    if (tool.type !== 'mcp_toolset') continue;
    used.add(tool.mcp_server_name);
    if (declared.has(tool.mcp_server_name)) continue;
    throw invalid(
      `${at}tools.${index}.mcp_server_name`,
      `names "${tool.mcp_server_name}", which is not in mcp_servers`,
    );
  }
  const unused = servers.findIndex((server) => !used.has(server.name));
  if (unused >= 0) throw invalid(`${at}mcp_servers.${unused}.name`, 'no mcp_toolset in tools names this server');
}

function checkNames(tools: Tools, at: string): Set<string> {
  const seen = new Set<string>();
  const customTools = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const key = nameOf(tool);
    if (seen.has(key)) throw invalid(`${at}tools.${index}`, `${key} is listed twice`);
    seen.add(key);
    if (tool.type === 'custom') customTools.add(tool.name);
  }
  return customTools;
}

function nameOf(tool: Tools[number]): string {
  switch (tool.type) {
    case 'agent_toolset_20260401':
      return tool.type;
    case 'mcp_toolset':
      return `mcp_toolset "${tool.mcp_server_name}"`;
    case 'custom':
      return `custom tool "${tool.name}"`;
    default:
      return unreachable(tool);
  }
}

type AgentToolConfigs = Extract<Tools[number], { type: 'agent_toolset_20260401' }>['configs'];

function checkWebFetch(configs: AgentToolConfigs, path: string, customTools: ReadonlySet<string>): void {
  for (const [index, config] of configs.entries()) {
    if (config.name !== 'web_fetch' || config.url_sources === null) continue;
    checkUrlSources(config.url_sources, `${path}.configs.${index}.url_sources`, customTools);
  }
}
