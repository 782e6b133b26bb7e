import type Anthropic from '@anthropic-ai/sdk';
import type { ContentBlock, ModelListener, ModelOutcome, ModelUsage } from './model.js';
import { addDeltaUsage, NO_USAGE, startUsage } from './usage.js';

export type StreamEvent = Anthropic.Beta.BetaRawMessageStreamEvent;
type Delta = Anthropic.Beta.BetaRawContentBlockDelta;

/**
 * The fold of one streamed reply. Invariants:
 *
 * 1. Every block comes out as the model gave it, so that it can be sent back unchanged.
 * 2. A tool call whose input did not arrive whole never comes out.
 * 3. The listener hears each piece of text once, in order.
 */
export interface ReplyFold {
  apply(event: StreamEvent): void;
  /** `message_stop` has come: `reply` may be asked for. */
  isDone(): boolean;
  usage(): ModelUsage;
  reply(): Extract<ModelOutcome, { type: 'reply' }>;
  /** What had been shown so far. */
  interrupted(): Extract<ModelOutcome, { type: 'interrupted' }>;
}

/** The upstream's stream breaks the rules of the Messages API. */
export class MalformedReply extends Error {}

interface Part {
  block: ContentBlock;
  /** The tool call's input, as far as it has come. */
  json: string;
  state: 'open' | 'whole' | 'torn';
}

interface State {
  parts: Part[];
  usage: ModelUsage;
  stopReason: string | null;
  stopDetails: Extract<ModelOutcome, { type: 'reply' }>['stop_details'];
  done: boolean;
}

/** A fold that starts empty and tells the listener what comes in. */
export function createReplyFold(listener: ModelListener): ReplyFold {
  const state: State = { parts: [], usage: NO_USAGE, stopReason: null, stopDetails: null, done: false };
  return {
    apply: (event) => apply(state, event, listener),
    isDone: () => state.done,
    usage: () => state.usage,
    reply: () => finish(state),
    interrupted: () => ({ type: 'interrupted', content: shown(state.parts), usage: state.usage }),
  };
}

function apply(state: State, event: StreamEvent, listener: ModelListener): void {
  switch (event.type) {
    case 'message_start':
      state.usage = startUsage(event.message.usage);
      return;
    case 'content_block_start':
      state.parts[event.index] = { block: { ...event.content_block }, json: '', state: 'open' };
      announce(event.content_block, event.index, listener);
      return;
    case 'content_block_delta':
      extend(partAt(state, event.index), event.delta, event.index, listener);
      return;
    case 'content_block_stop':
      close(partAt(state, event.index));
      return;
    case 'message_delta':
      state.stopReason = event.delta.stop_reason;
      state.stopDetails = event.delta.stop_details
        ? { category: event.delta.stop_details.category, explanation: event.delta.stop_details.explanation }
        : null;
      state.usage = addDeltaUsage(state.usage, event.usage);
      return;
    case 'message_stop':
      state.done = true;
      return;
  }
}

function announce(block: ContentBlock, index: number, listener: ModelListener): void {
  if (block.type === 'thinking' || block.type === 'redacted_thinking') listener.onThinking(index);
  if (block.type !== 'text') return;
  listener.onTextStart(index);
  if (block.text !== '') listener.onText(index, block.text);
}

function partAt(state: State, index: number): Part {
  const part = state.parts[index];
  if (!part) throw new MalformedReply(`content block ${index} was never started`);
  return part;
}

function extend(part: Part, delta: Delta, index: number, listener: ModelListener): void {
  const { block } = part;
  switch (delta.type) {
    case 'text_delta':
      if (block.type !== 'text') throw misplaced(delta, block);
      block.text += delta.text;
      if (delta.text !== '') listener.onText(index, delta.text);
      return;
    case 'citations_delta':
      if (block.type !== 'text') throw misplaced(delta, block);
      block.citations = [...(block.citations ?? []), delta.citation];
      return;
    case 'thinking_delta':
      if (block.type !== 'thinking') throw misplaced(delta, block);
      block.thinking += delta.thinking;
      return;
    case 'signature_delta':
      if (block.type !== 'thinking') throw misplaced(delta, block);
      block.signature = delta.signature;
      return;
    case 'input_json_delta':
      if (!('input' in block)) throw misplaced(delta, block);
      part.json += delta.partial_json;
      return;
    case 'compaction_delta':
      if (block.type !== 'compaction') throw misplaced(delta, block);
      if (delta.content !== null) block.content = (block.content ?? '') + delta.content;
      block.encrypted_content = delta.encrypted_content;
      return;
  }
}

function misplaced(delta: Delta, block: ContentBlock): MalformedReply {
  return new MalformedReply(`${delta.type} in a ${block.type} block`);
}

function close(part: Part): void {
  part.state = 'whole';
  if (!('input' in part.block) || part.json === '') return;
  try {
    part.block.input = JSON.parse(part.json);
  } catch {
    part.state = 'torn';
  }
}

function finish(state: State): Extract<ModelOutcome, { type: 'reply' }> {
  const { stopReason } = state;
  if (stopReason === null) throw new MalformedReply('the reply ended without a stop reason');
  const wasCut = stopReason !== 'end_turn' && stopReason !== 'tool_use';
  if (!wasCut && state.parts.some((part) => part.state !== 'whole')) {
    throw new MalformedReply('the reply ended within a content block');
  }
  const content = state.parts.filter((part, index) => isWhole(part, wasCut && index === state.parts.length - 1));
  return {
    type: 'reply',
    content: content.map((part) => part.block),
    stop_reason: stopReason,
    stop_details: state.stopDetails,
    usage: state.usage,
  };
}

/** A call that was cut before its first character looks like one without input: only `wasCutHere` tells. */
function isWhole(part: Part, wasCutHere: boolean): boolean {
  if (part.state !== 'whole') return part.block.type === 'text';
  return !(wasCutHere && part.block.type === 'tool_use' && part.json === '');
}

function shown(parts: Part[]): ContentBlock[] {
  return parts
    .filter(({ block, state }) => {
      if (block.type === 'text') return block.text !== '';
      if (block.type === 'thinking') return block.signature !== '';
      return state === 'whole';
    })
    .map((part) => part.block);
}
