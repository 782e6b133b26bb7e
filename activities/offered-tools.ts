import type Anthropic from '@anthropic-ai/sdk';
import { toolDefinitions, toolNames } from '../src/sandbox/tools/tools.js';
import type { SessionAgent } from '../src/session/session.js';

/** The tools that an agent's configuration enables and that Drover has, as the model is told them. */
export function offeredTools(agent: SessionAgent): Anthropic.Beta.BetaTool[] {
  const toolset = agent.tools.find((tool) => tool.type === 'agent_toolset_20260401');
  if (toolset === undefined) return [];
  const byName = new Map(toolset.configs.map((config) => [config.name, config.enabled]));
  const enabled = toolNames.filter((name) => byName.get(name) ?? toolset.default_config.enabled);
  return toolDefinitions({ network: false }, enabled);
}
