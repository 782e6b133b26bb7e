import type Anthropic from '@anthropic-ai/sdk';
import type { UpstreamBlock } from '../../bench/upstream-reply.js';

type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;
type Tool = NonNullable<Anthropic.Beta.Agents.AgentCreateParams['tools']>[number];

/** A tool that the client runs. */
export function customTool(name: string): Tool {
  const input_schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
  return { type: 'custom', name, description: `Tells about a city (${name}).`, input_schema };
}

/** The toolset, with some tools that are run only when somebody allows it. */
export function asking(...names: 'bash'[] | 'write'[]): Tool {
  const permission_policy = { type: 'always_ask' } as const;
  return { type: 'agent_toolset_20260401', configs: names.map((name) => ({ name, permission_policy })) };
}

/** A model's call of any tool. */
export function call(name: string, input: Record<string, unknown>): UpstreamBlock {
  return { type: 'tool_use', name, input };
}

export function allow(tool_use_id: string): EventParams {
  return { type: 'user.tool_confirmation', tool_use_id, result: 'allow' };
}

export function deny(tool_use_id: string, deny_message?: string): EventParams {
  return { type: 'user.tool_confirmation', tool_use_id, result: 'deny', ...(deny_message ? { deny_message } : {}) };
}

export function answer(custom_tool_use_id: string, text: string): EventParams {
  return { type: 'user.custom_tool_result', custom_tool_use_id, content: [{ type: 'text', text }] };
}

export function say(text: string): EventParams {
  return { type: 'user.message', content: [{ type: 'text', text }] };
}

export function instruct(text: string): EventParams {
  return { type: 'system.message', content: [{ type: 'text', text }] };
}
