import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { invalid } from '../validate.js';

type UrlSources = Anthropic.Beta.Agents.BetaManagedAgentsWebFetchURLSources;
type UrlSourcesParams = Anthropic.Beta.Agents.BetaManagedAgentsWebFetchURLSourcesParams;
type ToolFilter = Anthropic.Beta.Agents.BetaManagedAgentsWebFetchURLSourceToolFilter;

const all = z.strictObject({ type: z.literal('all') });
const none = z.strictObject({ type: z.literal('none') });
const shorthand = z.enum(['all', 'none']);
const references = z
  .array(z.strictObject({ type: z.literal('tool_reference'), name: z.string().min(1).max(128) }))
  .min(1)
  .max(128)
  .refine((list) => new Set(list.map((tool) => tool.name)).size === list.length, 'names a tool twice');

const toolFilter = z.union([
  shorthand,
  z.discriminatedUnion('type', [
    all,
    none,
    z.strictObject({ type: z.literal('only'), tools: references }),
    z.strictObject({ type: z.literal('except'), tools: references }),
  ]),
]);

/** Which sources contribute URLs that `web_fetch` may fetch. */
export const urlSourcesSchema = z.strictObject({
  client_tool_results: toolFilter.nullable().exactOptional(),
  server_tool_results: toolFilter.nullable().exactOptional(),
  user_input: z
    .union([shorthand, z.discriminatedUnion('type', [all, none])])
    .nullable()
    .exactOptional(),
}) satisfies z.ZodType<UrlSourcesParams>;

/** In object form, as responses show it; what was not set is null. */
export function resolveUrlSources(params: UrlSourcesParams): UrlSources {
  return {
    client_tool_results: toObject(params.client_tool_results),
    server_tool_results: toObject(params.server_tool_results),
    user_input: toObject(params.user_input),
  };
}

/** Rules that need the rest of the tools: some source is left, and every name belongs to a tool of that kind. */
export function checkUrlSources(sources: UrlSources, path: string, customTools: ReadonlySet<string>): void {
  const { client_tool_results, server_tool_results, user_input } = sources;
  if ([client_tool_results, server_tool_results, user_input].every((source) => source?.type === 'none')) {
    throw invalid(path, 'leaves no source that a URL may come from');
  }
  checkNames(client_tool_results, `${path}.client_tool_results`, customTools, 'a custom tool of this agent');
  checkNames(server_tool_results, `${path}.server_tool_results`, SERVER_TOOLS, '"web_search" or "web_fetch"');
}

const SERVER_TOOLS: ReadonlySet<string> = new Set(['web_search', 'web_fetch']);

function toObject<Source extends { type: string }>(
  source: Source | 'all' | 'none' | null | undefined,
): Source | { type: 'all' | 'none' } | null {
  if (source == null) return null;
  return typeof source === 'string' ? { type: source } : source;
}

function checkNames(filter: ToolFilter | null, path: string, known: ReadonlySet<string>, what: string): void {
  if (filter === null || !('tools' in filter)) return;
  for (const [index, tool] of filter.tools.entries()) {
    if (!known.has(tool.name)) throw invalid(`${path}.tools.${index}.name`, `must be ${what}`);
  }
}
