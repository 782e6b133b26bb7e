import type Anthropic from '@anthropic-ai/sdk';
import { toMessageBlocks, type ContentParam, type EventBlock } from './blocks.js';

export type ToolResultParam = Anthropic.Beta.BetaToolResultBlockParam;

/** What the log says a call came to. */
export interface Answer {
  content: EventBlock[];
  isError: boolean;
}

/** What stands for the result of a call that has none (contract: events §11). */
export const INTERRUPTED_TOOL_RESULT = 'Tool execution was interrupted before completion. Please retry.';

/** The one result of this call. */
export function toToolResult(call: Anthropic.Beta.BetaToolUseBlock, answers: Map<string, Answer>): ToolResultParam {
  const answer = answers.get(call.id) ?? interrupted();
  return {
    type: 'tool_result',
    tool_use_id: call.id,
    ...toContent(toMessageBlocks(answer.content), answer.isError),
    ...(call.toolset_name ? { toolset_name: call.toolset_name } : {}),
  };
}

type ResultBlock = Exclude<EventBlock, { type: 'redacted' }>;

/** A longer text that a worker has sent is told by its two ends: nobody here can put it into a file there (§3.2). */
const RESULT_LIMIT = 100_000;
const PREVIEW = 2_000;

export function shortened(content: ResultBlock[]): ResultBlock[] {
  return content.map((block) => {
    if (block.type !== 'text' || block.text.length <= RESULT_LIMIT) return block;
    const { text } = block;
    const note = `[The result has ${text.length} characters. Above are its first ${PREVIEW}, below its last.]`;
    return { type: 'text', text: [text.slice(0, PREVIEW), note, text.slice(-PREVIEW)].join('\n').toWellFormed() };
  });
}

function interrupted(): Answer {
  return { content: [{ type: 'text', text: INTERRUPTED_TOOL_RESULT }], isError: true };
}

function toContent(content: ContentParam[], isError: boolean): Pick<ToolResultParam, 'content' | 'is_error'> {
  if (!isError) return content.length > 0 ? { content } : {};
  // The Messages API takes nothing but text in an error, and would refuse the whole conversation for an image.
  if (content.every((block) => block.type === 'text')) {
    return { content: content.length > 0 ? content : [{ type: 'text', text: FAILED }], is_error: true };
  }
  return { content: [{ type: 'text', text: FAILED }, ...content] };
}

const FAILED = 'The tool call failed.';
