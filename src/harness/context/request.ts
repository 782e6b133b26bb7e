import type Anthropic from '@anthropic-ai/sdk';
import type { MessageParam, ModelRequest } from '../../model/model.js';
import type { ModelFacts } from '../../model/facts.js';
import { asUserText } from './instructions.js';
import type { SessionAgent } from '../../session/session.js';

export interface RequestInput {
  agent: Pick<SessionAgent, 'model' | 'system'>;
  messages: MessageParam[];
  tools: Anthropic.Beta.BetaTool[];
  /** Where the commands run, unless that is elsewhere, and in words what there is beside that. Absent where none run. */
  workspace?: { cwd?: string; holds?: string };
  facts: ModelFacts;
}

type Cached = { cache_control: Anthropic.Beta.BetaCacheControlEphemeral };

/**
 * The Messages request for a conversation. Equal conversations make equal requests, and a longer one begins as the
 * shorter did: nothing in it changes with the time of day, so the upstream's cache holds. Nothing given is changed.
 */
export function buildRequest(input: RequestInput): ModelRequest {
  const request = buildUncached(input);
  return { ...request, messages: cacheLastTurns(request.messages) };
}

/**
 * The request for a summary of this conversation. It makes no call, though its calls' tools are told. Its messages are
 * not cached: the upstream keeps those of requests that may call apart, and nobody asks for the same again.
 */
export function buildSummaryRequest(input: RequestInput): ModelRequest {
  const { max_tokens, ...request } = buildUncached(input);
  const most = Math.floor(input.facts.context_window * LARGEST_SUMMARY);
  return { ...request, max_tokens: Math.min(max_tokens, most), tool_choice: 'none' };
}

function buildUncached({ agent, messages, tools, workspace, facts }: RequestInput): ModelRequest {
  const { id, effort, speed, inference_geo } = agent.model;
  const system = systemPrompt(agent.system, tools.length > 0 ? workspace : undefined);
  return {
    model: id,
    max_tokens: maxTokens(facts),
    ...(system === '' ? {} : { system: [{ type: 'text', text: system, ...CACHED }] }),
    messages: facts.takes_system_messages ? messages : asUserText(messages),
    ...(tools.length > 0 ? { tools: cacheLast(tools) } : {}),
    ...(effort ? { effort: effort.type } : {}),
    ...(speed ? { speed } : {}),
    ...(inference_geo ? { inference_geo } : {}),
  };
}

/** Of the window: what a conversation is compacted at leaves room for it. */
const LARGEST_REPLY = 0.2;
const LARGEST_SUMMARY = 0.1;

function maxTokens({ context_window, max_output_tokens }: RequestInput['facts']): number {
  return Math.min(max_output_tokens, Math.floor(context_window * LARGEST_REPLY));
}

const CACHED: Cached = { cache_control: { type: 'ephemeral' } };

function systemPrompt(system: string | null, workspace: RequestInput['workspace']): string {
  const own = system?.trim() ? [system] : [];
  return [...own, ...(workspace ? [platformPrompt(workspace)] : [])].join('\n\n');
}

function platformPrompt({ cwd, holds }: NonNullable<RequestInput['workspace']>): string {
  const place =
    cwd === undefined
      ? 'Your commands run on a machine of whoever runs this session; files stay there between your turns, while ' +
        'running processes may not.'
      : `You work in a Linux sandbox of your own. Your working directory is ${cwd}; files there stay between your turns, ` +
        'while running processes may not. The sandbox has no network access.';
  return holds === undefined ? place : `${place}\n\n${holds}`;
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
