import type Anthropic from '@anthropic-ai/sdk';
import type { OfferedTool } from '../src/harness/activity-results.js';
import { toolDefinitions, toolNames } from '../src/sandbox/tools/tools.js';
import type { SessionAgent } from '../src/session/session.js';

/** The tools that an agent's configuration enables and that Drover has. */
export interface Offer {
  /** As the model is told them. */
  tools: Anthropic.Beta.BetaTool[];
  /** As the harness treats their calls. */
  offered: OfferedTool[];
  /** Whether any of them runs in the sandbox. */
  needsSandbox: boolean;
  /** Whether one of those may start without a person's leave: then the sandbox is wanted as soon as the reply is there. */
  wantsSandbox: boolean;
}

/** `network`: whether the place where commands run may have one. */
export function offeredTools(agent: SessionAgent, place: { network: boolean }): Offer {
  const own = sandboxTools(agent);
  const definitions = toolDefinitions(
    place,
    own.map(({ name }) => name),
  );
  const custom = agent.tools.filter((tool) => tool.type === 'custom');
  return {
    tools: [...definitions, ...custom.map(toTool)],
    offered: [
      ...own.map(({ name, policy }) => (policy === 'always_allow' ? name : { name, policy })),
      ...custom.map(({ name }) => ({ name, type: 'custom' }) as const),
    ],
    needsSandbox: own.length > 0,
    wantsSandbox: own.some(({ policy }) => policy === 'always_allow'),
  };
}

type CustomTool = Extract<SessionAgent['tools'][number], { type: 'custom' }>;

function sandboxTools({ tools }: SessionAgent) {
  const toolset = tools.find((tool) => tool.type === 'agent_toolset_20260401');
  if (toolset === undefined) return [];
  const { configs, default_config } = toolset;
  return toolNames.flatMap((name) => {
    const { enabled, permission_policy } = configs.find((config) => config.name === name) ?? default_config;
    return enabled ? [{ name, policy: permission_policy.type }] : [];
  });
}

function toTool({ name, description, input_schema }: CustomTool): Anthropic.Beta.BetaTool {
  return { name, description, input_schema: { ...input_schema, type: 'object' } };
}
