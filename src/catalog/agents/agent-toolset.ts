import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { unreachable } from '../unreachable.js';
import { hostAndPathListSchema, hostListSchema } from './web-domains.js';
import { resolveUrlSources, urlSourcesSchema } from './web-tools.js';

export type AgentToolset = Anthropic.Beta.Agents.BetaManagedAgentsAgentToolset20260401;
export type AgentToolConfig = Anthropic.Beta.Agents.BetaManagedAgentsAgentToolConfig;
type ToolsetParams = Anthropic.Beta.Agents.BetaManagedAgentsAgentToolset20260401Params;
type ToolConfigParams = Anthropic.Beta.Agents.BetaManagedAgentsAgentToolConfigParams;
type Policy = AgentToolConfig['permission_policy'];

/** The eight tools of `agent_toolset_20260401`. */
export const AGENT_TOOL_NAMES = ['bash', 'read', 'write', 'edit', 'glob', 'grep', 'web_fetch', 'web_search'] as const;

const policySchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('always_allow') }),
  z.strictObject({ type: z.literal('always_ask') }),
  z.strictObject({ type: z.literal('auto') }),
]);

/** `enabled` and `permission_policy`, as a toolset's defaults and each of its tools may carry them. */
export const switches = {
  enabled: z.boolean().nullable().exactOptional(),
  permission_policy: policySchema.nullable().exactOptional(),
};

const lists = {
  fetch: { allowed_domains: hostListSchema.exactOptional(), blocked_domains: hostListSchema.exactOptional() },
  search: {
    allowed_domains: hostAndPathListSchema.exactOptional(),
    blocked_domains: hostAndPathListSchema.exactOptional(),
  },
};

const text = z.string().min(1).max(255).nullable().exactOptional();
const userLocationSchema = z.strictObject({
  type: z.literal('approximate'),
  city: text,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be a two-letter country code in upper case')
    .nullable()
    .exactOptional(),
  region: text,
  timezone: text,
});

const configSchema = z
  .discriminatedUnion('name', [
    plain('bash'),
    plain('read'),
    plain('write'),
    plain('edit'),
    plain('glob'),
    plain('grep'),
    plain('web_fetch').extend({
      ...lists.fetch,
      max_content_tokens: z.int().positive().nullable().exactOptional(),
      url_sources: urlSourcesSchema.nullable().exactOptional(),
    }),
    plain('web_search').extend({ ...lists.search, user_location: userLocationSchema.nullable().exactOptional() }),
  ])
  .refine(
    (config) => !('allowed_domains' in config && 'blocked_domains' in config),
    'Only one of allowed_domains or blocked_domains may be set.',
  );

export const agentToolsetSchema = z.strictObject({
  type: z.literal('agent_toolset_20260401'),
  configs: z
    .array(configSchema)
    .refine((list) => new Set(list.map((c) => c.name)).size === list.length, 'names a tool twice')
    .exactOptional(),
  default_config: z.strictObject(switches).nullable().exactOptional(),
}) satisfies z.ZodType<ToolsetParams>;

/** The toolset as responses show it: every default written out. */
export function resolveAgentToolset(params: ToolsetParams): AgentToolset {
  const defaults = {
    enabled: params.default_config?.enabled ?? true,
    permission_policy: params.default_config?.permission_policy ?? { type: 'always_allow' as const },
  };
  return {
    type: params.type,
    default_config: defaults,
    configs: (params.configs ?? []).map((config) => resolveConfig(config, defaults)),
  };
}

function plain<Name extends string>(name: Name) {
  return z.strictObject({ name: z.literal(name), type: z.literal(name).exactOptional(), ...switches });
}

function resolveConfig(params: ToolConfigParams, defaults: { enabled: boolean; permission_policy: Policy }) {
  const resolved = {
    enabled: params.enabled ?? defaults.enabled,
    permission_policy: params.permission_policy ?? defaults.permission_policy,
  };
  switch (params.name) {
    case 'bash':
      return { ...params, ...resolved, type: params.name };
    case 'read':
      return { ...params, ...resolved, type: params.name };
    case 'write':
      return { ...params, ...resolved, type: params.name };
    case 'edit':
      return { ...params, ...resolved, type: params.name };
    case 'glob':
      return { ...params, ...resolved, type: params.name };
    case 'grep':
      return { ...params, ...resolved, type: params.name };
    case 'web_search':
      return { ...params, ...resolved, type: params.name };
    case 'web_fetch': {
      const url_sources = params.url_sources ? resolveUrlSources(params.url_sources) : null;
      return { ...params, ...resolved, type: params.name, url_sources };
    }
    default:
      return unreachable(params);
  }
}
