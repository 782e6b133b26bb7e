import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { switches } from './agent-toolset.js';

type McpToolset = Anthropic.Beta.Agents.BetaManagedAgentsMCPToolset;
type McpToolsetParams = Anthropic.Beta.Agents.BetaManagedAgentsMCPToolsetParams;
type McpServer = Anthropic.Beta.Agents.BetaManagedAgentsURLMCPServerParams;

const serverName = z.string().min(1).max(255);

export const mcpServersSchema = z
  .array(
    z.strictObject({
      type: z.literal('url'),
      name: serverName,
      url: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).max(2048),
    }),
  )
  .max(20)
  .refine(
    (list) => new Set(list.map((server) => server.name)).size === list.length,
    'uses a name twice',
  ) satisfies z.ZodType<McpServer[]>;

export const mcpToolsetSchema = z.strictObject({
  type: z.literal('mcp_toolset'),
  mcp_server_name: serverName,
  configs: z
    .array(z.strictObject({ name: z.string().min(1).max(128), ...switches }))
    .refine((list) => new Set(list.map((tool) => tool.name)).size === list.length, 'names a tool twice')
    .exactOptional(),
  default_config: z.strictObject(switches).nullable().exactOptional(),
}) satisfies z.ZodType<McpToolsetParams>;

/** The toolset as responses show it. Unlike the agent toolset's, its tools ask by default (behaviours §4). */
export function resolveMcpToolset(params: McpToolsetParams): McpToolset {
  const defaults = {
    enabled: params.default_config?.enabled ?? true,
    permission_policy: params.default_config?.permission_policy ?? { type: 'always_ask' as const },
  };
  const configs = (params.configs ?? []).map((config) => ({
    name: config.name,
    enabled: config.enabled ?? defaults.enabled,
    permission_policy: config.permission_policy ?? defaults.permission_policy,
  }));
  return { type: params.type, mcp_server_name: params.mcp_server_name, default_config: defaults, configs };
}
