import type { ContentBlock, MessageParam } from '../../model/model.js';
import type { SessionEvent } from '../../session/journal.js';
import { isBlank, toMessageBlocks, type ContentParam, type EventBlock } from './blocks.js';
import { toAssistantBlocks } from './replies.js';
import { shortened, type Answer } from './results.js';
import { outcomeWords, verdictWords } from './outcome-words.js';
import { closeTurn, emptyTurn, isWaiting, type Told, type Turn } from './open-turn.js';

/**
 * A decoded entry of a thread's log, in the order of `seq`. A queued message counts where it was processed.
 * A reply without a stop reason was interrupted.
 */
export type ContextEntry =
  | { kind: 'event'; seq: number; event: SessionEvent; queued?: boolean }
  | { kind: 'processed'; seq: number; id: string }
  | {
      kind: 'assistant';
      seq: number;
      reply: { content: ContentBlock[]; stop_reason?: string };
      tool_use_ids: Record<string, string>;
    }
  /** A conversation that was begun with this summary goes on; any other has to be begun again with it. */
  | { kind: 'summary'; seq: number };

/** What stands for the beginning of a conversation that had become too long to be told whole. */
export interface Summary {
  /** The last entry that is not told any more. What was queued then and processed later still is. */
  through: number;
  content: ContentParam[];
  /** The user's latest words, when they are older than that. */
  words: ContentParam[];
  /** The instructions that are older than that and still in force. */
  system: string[];
  /** The outcome that is open and older than that, as it is told, whether it had been told by then or not. */
  outcome?: string;
}

/**
 * The conversation as a model is told it: a fold of the log that is extended, never made again. Whatever the log holds,
 *
 * 1. messages alternate, and the first is the user's; an instruction in the midst comes right after a user's message,
 *    and there is one at most;
 * 2. every tool call is answered by one result, at the start of the very next message, in the order of the calls;
 * 3. no block is empty, and no thinking is without its signature or at a message's end;
 * 4. the last message is the user's and its instruction, but for a paused reply that goes on;
 * 5. closed messages are not made again, so that the upstream's cache finds its prefix;
 * 6. after a summary it is what a fold of the log from there on gives: nothing older is needed, nothing later is lost.
 */
export interface Context {
  /** The last entry that a summary stands for. */
  through: number;
  /** Whole turns: never changed again. */
  closed: Told[];
  turn: Turn;
  /** Messages that wait to be processed, by event id. */
  queued: Map<string, QueuedMessage>;
  /** The open outcome, where it was defined, and as it is told: with the next request, unless it has been. */
  outcome: { seq: number; text: string; isTold: boolean } | null;
  /** What the user said last, and the entry where that began. */
  words: { seq: number; content: ContentParam[] };
}

export type QueuedMessage = Extract<SessionEvent, { type: 'user.message' | 'system.message' }>;

/** An empty conversation, or one that begins with a summary; entries after it are appended to it. */
export function createContext(summary?: Summary): Context {
  const turn = emptyTurn();
  const nothing = { closed: [], turn, queued: new Map() };
  if (!summary) return { through: 0, ...nothing, outcome: null, words: { seq: 0, content: [] } };
  const { through, content, words, system, outcome } = summary;
  turn.said.push(...content, ...(outcome === undefined ? [] : [{ type: 'text' as const, text: outcome }]), ...words);
  turn.system.push(...system);
  const open = outcome === undefined ? null : { seq: through, text: outcome, isTold: true };
  return { through, ...nothing, outcome: open, words: { seq: through, content: words } };
}

/** Extends the conversation by one entry, in time that does not depend on its length. */
export function append(context: Context, entry: ContextEntry): void {
  switch (entry.kind) {
    case 'event':
      appendEvent(context, entry);
      return;
    case 'processed': {
      const message = context.queued.get(entry.id);
      if (message) say(context, message, entry.seq);
      context.queued.delete(entry.id);
      return;
    }
    case 'assistant':
      appendReply(context, entry);
      return;
    case 'summary':
      return;
  }
}

function appendEvent(context: Context, { event, queued, seq }: Extract<ContextEntry, { kind: 'event' }>): void {
  if (event.type === 'user.message' || event.type === 'system.message') {
    if (queued === true) context.queued.set(event.id, event);
    else say(context, event, seq);
    return;
  }
  if (event.type === 'user.define_outcome') {
    // It may come while a request is under way, whose reply knows nothing of it: it is told with the next one.
    context.outcome = { seq, text: outcomeWords(event), isTold: false };
    return;
  }
  if (event.type === 'span.model_request_start') {
    tellOutcome(context, seq);
    return;
  }
  if (event.type === 'span.outcome_evaluation_end') {
    // One that was interrupted before it was told is not told.
    if (event.result !== 'needs_revision') context.outcome = null;
    sayWords(context, verdictWords(event), seq);
    return;
  }
  const answer = toAnswer(event);
  const call = answer && context.turn.calls.get(answer.event);
  // The first result stands; one for a turn that is over has been answered as interrupted.
  if (answer && call !== undefined && !context.turn.answers.has(call)) context.turn.answers.set(call, answer);
}

function tellOutcome(context: Context, seq: number): void {
  const { outcome } = context;
  if (outcome === null || outcome.isTold) return;
  sayWords(context, [{ type: 'text', text: outcome.text }], seq);
  // Conversations are extended in place.
  outcome.isTold = true;
}

/** The result that an event tells, whoever ran the tool. Other events are none of the model's business. */
function toAnswer(event: SessionEvent): (Answer & { event: string }) | undefined {
  if (event.type === 'agent.tool_result') return answer(event.tool_use_id, event);
  if (event.type === 'user.tool_result') {
    return answer(event.tool_use_id, { ...event, content: shortened(event.content ?? []) });
  }
  if (event.type === 'agent.mcp_tool_result') return answer(event.mcp_tool_use_id, event);
  if (event.type === 'user.custom_tool_result') return answer(event.custom_tool_use_id, event);
  return undefined;
}

function answer(call: string, { content, is_error }: ResultBody): Answer & { event: string } {
  return { event: call, content: content ?? [], isError: is_error === true };
}

type ResultBody = Pick<Extract<SessionEvent, { type: 'agent.tool_result' }>, 'content' | 'is_error'>;

function say(context: Context, message: QueuedMessage, seq: number): void {
  if (message.type === 'system.message') {
    const texts = message.content.map(({ text }) => text);
    context.turn.system.push(...texts.filter((text) => !isBlank(text)));
  } else sayWords(context, message.content, seq);
}

function sayWords({ turn, words }: Context, content: EventBlock[], seq: number): void {
  const blocks = toMessageBlocks(content);
  if (blocks.length === 0) return;
  // What is said before any reply came is one with what was said before.
  const isMore = turn.said.length > 0 && words.content.length > 0;
  if (!isMore) words.seq = seq;
  words.content = isMore ? [...words.content, ...blocks] : blocks;
  turn.said.push(...blocks);
}

function appendReply(context: Context, entry: Extract<ContextEntry, { kind: 'assistant' }>): void {
  const { reply, tool_use_ids, seq } = entry;
  // What was refused must not stand in the conversation: the next request would be refused for it again.
  if (reply.stop_reason === 'refusal' || toAssistantBlocks(reply.content, true).length === 0) return;
  const goesOn = isWaiting(context.turn);
  if (!goesOn) {
    context.closed = closeTurn(context.closed, context.turn);
    context.turn = { ...emptyTurn(), begin: seq };
  }
  const { turn } = context;
  turn.end = seq;
  turn.reply.push(...reply.content);
  turn.isPaused = reply.stop_reason === 'pause_turn';
  for (const [event, call] of Object.entries(tool_use_ids)) turn.calls.set(event, call);
}

/** The messages of the next request. The conversation itself stays as it is. */
export function toMessages(context: Context): MessageParam[] {
  const { closed, turn } = context;
  if (!isWaiting(turn)) return wholeTurns(context).map(({ message }) => message);
  return [...closed.map(({ message }) => message), { role: 'assistant', content: toAssistantBlocks(turn.reply, true) }];
}

/** All messages with where the log may be cut before them; the last turn as if it were over. */
export function wholeTurns({ closed, turn }: Context): Told[] {
  return closeTurn([...closed], turn);
}
