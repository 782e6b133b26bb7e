import type { ModelListener, ModelRequest, ModelUsage } from './model.js';
import { createCalls, inputOf, settleId, type PartialCall } from './openai-calls.js';
import type { ChatChunk, ChatUsage } from './openai-chunk.js';
import { createReplyFold, type ReplyFold } from './reply.js';
import { usageOf } from './stream-events.js';
import { NO_USAGE } from './usage.js';

/**
 * The fold of one chat-completions stream. Invariants, besides those of the reply's fold, to which it tells everything in
 * the words of the Messages API:
 *
 * 1. A call comes out only when the reply has ended and its arguments are a whole JSON object.
 * 2. Every call's id is new in the conversation.
 * 3. No text is only white space: no such block could be sent back.
 */
export interface ChatFold extends Pick<ReplyFold, 'reply' | 'interrupted' | 'usage'> {
  apply(chunk: ChatChunk): void;
  /** The server has said why the reply ends. Its count of tokens may still follow. */
  isFinished(): boolean;
  /** Nothing more comes: `reply` may be asked for. */
  end(): void;
}

interface State {
  hasBegun: boolean;
  text: { isOpen: boolean; length: number; space: string };
  isThinking: boolean;
  thought: number;
  calls: ReturnType<typeof createCalls>;
  finish: string | undefined;
  usage: ChatUsage | undefined;
}

/** A fold that starts empty. `promptTokens` is what the prompt counts when the server does not say. */
export function createChatFold(request: ModelRequest, promptTokens: number, listener: ModelListener): ChatFold {
  const fold = createReplyFold(listener);
  const state: State = {
    hasBegun: false,
    text: { isOpen: false, length: 0, space: '' },
    isThinking: false,
    thought: 0,
    calls: createCalls(),
    finish: undefined,
    usage: undefined,
  };
  const usage = (): ModelUsage => countTokens(state, promptTokens);
  return {
    apply: (chunk) => apply(state, chunk, fold, listener),
    isFinished: () => state.finish !== undefined,
    end: () => close(state, fold, request),
    usage,
    reply: () => ({ ...fold.reply(), usage: usage() }),
    interrupted: () => ({ ...fold.interrupted(), usage: usage() }),
  };
}

function apply(state: State, { choices, usage }: ChatChunk, fold: ReplyFold, listener: ModelListener): void {
  state.hasBegun = true;
  if (usage) state.usage = usage;
  const choice = choices?.[0];
  if (!choice) return;
  const { content, refusal, reasoning_content, reasoning, tool_calls } = choice.delta ?? choice.message ?? {};
  think(state, reasoning_content ?? reasoning ?? '', listener);
  say(state, content ?? refusal ?? '', fold);
  tool_calls?.forEach((call, place) => state.calls.add(call, place));
  if (choice.finish_reason) state.finish = choice.finish_reason;
}

/** It is shown that the model thinks; what, is not kept. */
function think(state: State, thought: string, listener: ModelListener): void {
  state.thought += thought.length;
  if (thought === '' || state.isThinking) return;
  state.isThinking = true;
  listener.onThinking(0);
}

function say(state: State, piece: string, fold: ReplyFold): void {
  const { text } = state;
  const whole = text.space + piece;
  text.space = '';
  if (whole === '') return;
  if (!text.isOpen && whole.trim() === '') {
    text.space = whole;
    return;
  }
  if (!text.isOpen) {
    fold.apply({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } });
  }
  text.isOpen = true;
  text.length += whole.length;
  fold.apply({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: whole } });
}

function close(state: State, fold: ReplyFold, request: ModelRequest): void {
  let index = 0;
  if (state.text.isOpen) fold.apply({ type: 'content_block_stop', index: index++ });
  const taken = new Set(request.messages.flatMap(callIdsOf));
  for (const call of state.calls.all) {
    const id = settleId(call.id, taken);
    taken.add(id);
    tellCall(call, id, index++, fold);
  }
  const stop_reason = stopReasonOf(state);
  fold.apply({
    type: 'message_delta',
    context_management: null,
    delta: { container: null, stop_reason, stop_sequence: null, stop_details: null },
    usage: usageOf({ input_tokens: 0, output_tokens: 0 }),
  });
  fold.apply({ type: 'message_stop' });
}

function callIdsOf({ content }: ModelRequest['messages'][number]): string[] {
  if (typeof content === 'string') return [];
  return (content ?? []).flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
}

/** One that did not come whole is never closed: the fold leaves it out, or takes the reply for broken. */
function tellCall(call: PartialCall, id: string, index: number, fold: ReplyFold): void {
  const { name, json } = call;
  fold.apply({ type: 'content_block_start', index, content_block: { type: 'tool_use', id, name, input: {} } });
  fold.apply({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: json.trim() } });
  if (name !== '' && inputOf(call) !== undefined) fold.apply({ type: 'content_block_stop', index });
}

/** Some servers say `stop` after a call, or have words of their own for an end that is one. */
function stopReasonOf({ finish, calls }: State): 'max_tokens' | 'refusal' | 'tool_use' | 'end_turn' {
  if (finish === 'length') return 'max_tokens';
  if (finish === 'content_filter') return 'refusal';
  return calls.all.length > 0 ? 'tool_use' : 'end_turn';
}

function countTokens(state: State, promptTokens: number): ModelUsage {
  if (!state.hasBegun) return NO_USAGE;
  const { prompt_tokens, completion_tokens, prompt_tokens_details } = state.usage ?? {};
  const cached = prompt_tokens_details?.cached_tokens ?? 0;
  return {
    ...NO_USAGE,
    input_tokens: Math.max((prompt_tokens ?? promptTokens) - cached, 0),
    output_tokens: completion_tokens ?? estimateReply(state),
    cache_read_input_tokens: cached,
  };
}

function estimateReply({ text, thought, calls }: State): number {
  const called = calls.all.reduce((sum, { name, json }) => sum + name.length + json.length, 0);
  return Math.ceil((text.length + thought + called) / 4);
}
