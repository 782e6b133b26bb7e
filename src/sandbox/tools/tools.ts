import type Anthropic from '@anthropic-ai/sdk';
import { bash } from './bash.js';
import { edit } from './edit.js';
import { glob } from './glob.js';
import { grep } from './grep.js';
import { read } from './read.js';
import type { Planned, Tool, ToolName, ToolsetOptions } from './tool.js';
import { write } from './write.js';

const tools: Record<ToolName, Tool> = { bash, read, write, edit, glob, grep };

/** The tools that run in a sandbox, in the order in which the model is told of them. */
export const toolNames: readonly ToolName[] = ['bash', 'read', 'write', 'edit', 'glob', 'grep'];

function isToolName(name: string): name is ToolName {
  return Object.hasOwn(tools, name);
}

/** What the model is told of each of the tools `names`. The same arguments give the same bytes, so prompts stay cached. */
export function toolDefinitions(
  options: ToolsetOptions,
  names: readonly ToolName[] = toolNames,
): Anthropic.Beta.BetaTool[] {
  return names.map((name) => tools[name].describe(options));
}

/** The command for a tool call, or the text of its refusal. Never throws. */
export function planTool(name: string, input: unknown): Planned {
  if (!isToolName(name)) return { ok: false, refusal: `${name}: there is no such tool` };
  return tools[name].plan(input);
}
