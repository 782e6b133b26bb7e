import type Anthropic from '@anthropic-ai/sdk';
import type { MessageParam, ModelRequest } from '../model/model.js';
import type { SessionAgent } from '../session/session.js';

export interface RequestInput {
  agent: Pick<SessionAgent, 'model' | 'system'>;
  messages: MessageParam[];
  tools: Anthropic.Beta.BetaTool[];
  /** Where the agent's commands run. */
  workspace: { cwd: string };
}

type Cached = { cache_control: Anthropic.Beta.BetaCacheControlEphemeral };

/**
 * The Messages request for a conversation. Equal conversations make equal requests, and a longer one begins as the
 * shorter did: nothing in it changes with the time of day, so the upstream's cache holds. Nothing given is changed.
 */
export function buildRequest({ agent, messages, tools, workspace }: RequestInput): ModelRequest {
  const { id, effort, speed } = agent.model;
  const system = systemPrompt(agent.system, tools.length > 0, workspace.cwd);
  return {
    model: id,
    max_tokens: maxTokens(id),
    ...(system === '' ? {} : { system: [{ type: 'text', text: system, ...CACHED }] }),
    messages: cacheLastTurns(messages),
    ...(tools.length > 0 ? { tools: cacheLast(tools) } : {}),
    ...(effort ? { effort: effort.type } : {}),
    ...(speed ? { speed } : {}),
  };
}

const CACHED: Cached = { cache_control: { type: 'ephemeral' } };

const MOST_TOKENS = 32_000;
/** Models that give less than that. */
const FEWER_TOKENS: [prefix: string, tokens: number][] = [
  ['claude-3-haiku', 4096],
  ['claude-3-opus', 4096],
  ['claude-3-5-', 8192],
];

function maxTokens(model: string): number {
  return FEWER_TOKENS.find(([prefix]) => model.startsWith(prefix))?.[1] ?? MOST_TOKENS;
}

function systemPrompt(system: string | null, hasTools: boolean, cwd: string): string {
  const own = system?.trim() ? [system] : [];
  return [...own, ...(hasTools ? [platformPrompt(cwd)] : [])].join('\n\n');
}

function platformPrompt(cwd: string): string {
  return (
    `You work in a Linux sandbox of your own. Your working directory is ${cwd}; files there stay between your turns, ` +
    'while running processes may not. The sandbox has no network access.'
  );
}

function cacheLast(tools: Anthropic.Beta.BetaTool[]): Anthropic.Beta.BetaTool[] {
  return tools.map((tool, index) => (index === tools.length - 1 ? { ...tool, ...CACHED } : tool));
}

/** Breakpoints at the last two user turns: one finds what the request before has written, one writes for the next. */
function cacheLastTurns(messages: MessageParam[]): MessageParam[] {
  const marked = [...messages];
  let left = 2;
  for (let index = marked.length - 1; index >= 0 && left > 0; index -= 1) {
    const message = marked[index];
    if (message?.role !== 'user') continue;
    marked[index] = cacheTurn(message);
    left -= 1;
  }
  return marked;
}

function cacheTurn(message: MessageParam): MessageParam {
  if (typeof message.content === 'string' || !message.content) return message;
  const last = message.content.length - 1;
  const content = message.content.map((block, index) => (index === last ? { ...block, ...CACHED } : block));
  return { role: 'user', content };
}
