import { type ChatMessage, toChatMessages } from './openai-messages.js';
import type { ModelRequest } from './model.js';

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  stream: true;
  stream_options: { include_usage: true };
  max_tokens?: number;
  max_completion_tokens?: number;
  tools?: ChatTool[];
  tool_choice?: 'none';
  reasoning_effort?: string;
}

interface ChatTool {
  type: 'function';
  function: { name: string; description?: string; parameters: object };
}

export type MaxTokensField = 'max_tokens' | 'max_completion_tokens';

/** The chat-completions request that asks for the same. */
export function toChatRequest(request: ModelRequest, maxTokensField: MaxTokensField): ChatRequest {
  const { model, max_tokens, system = [], messages, tools = [], tool_choice, effort } = request;
  const instructions = system.map(({ text }) => text).join('\n\n');
  const chatTools = tools.flatMap(toChatTool);
  return {
    model,
    messages: [
      ...(instructions === '' ? [] : [{ role: 'system' as const, content: instructions }]),
      ...toChatMessages(messages),
    ],
    stream: true,
    stream_options: { include_usage: true },
    [maxTokensField]: max_tokens,
    ...(chatTools.length > 0 ? { tools: chatTools } : {}),
    ...(chatTools.length > 0 && tool_choice ? { tool_choice } : {}),
    ...(effort ? { reasoning_effort: EFFORTS[effort] ?? effort } : {}),
  };
}

/** The levels that every server knows which knows any. */
const EFFORTS: Record<string, string> = { xhigh: 'high', max: 'high' };

/** A tool that Anthropic's API runs or defines has no schema to pass on. */
function toChatTool(tool: NonNullable<ModelRequest['tools']>[number]): ChatTool[] {
  if (!('input_schema' in tool)) return [];
  const { name, description, input_schema } = tool;
  return [{ type: 'function', function: { name, ...(description ? { description } : {}), parameters: input_schema } }];
}

/** Tokens of a request or reply whose server does not count: four characters of text for one, pictures left out. */
export function estimateTokens(value: object): number {
  const text = JSON.stringify(value, (key, part: unknown) => (key === 'image_url' ? undefined : part));
  return Math.ceil(text.length / 4);
}
