import type { ContentBlock, MessageParam } from '../model/model.js';
import type { SessionEvent } from '../session/journal.js';
import { toMessageBlocks, type ContentParam, type EventBlock } from './context-blocks.js';
import { isServerCall, toAssistantBlocks } from './context-replies.js';
import { toToolResult, type Answer, type ToolResultParam } from './context-results.js';

type UserBlock = ContentParam | ToolResultParam;

/**
 * A decoded entry of a thread's log, in the order of `seq`. A queued user message counts where it was processed.
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
    };

/**
 * The conversation as a model is told it: a fold of the log that is extended, never made again. Whatever the log holds,
 *
 * 1. messages alternate, and the first is the user's;
 * 2. every tool call is answered by one result, at the start of the very next message, in the order of the calls;
 * 3. no block is empty, and no thinking is without its signature or at a message's end;
 * 4. the last message is the user's, but for a paused reply that goes on;
 * 5. closed messages are not made again, so that the upstream's cache finds its prefix.
 */
export interface Context {
  /** Whole turns: never changed again. */
  closed: MessageParam[];
  turn: Turn;
  /** Messages that wait to be processed, by event id. */
  queued: Map<string, EventBlock[]>;
}

/** What is still growing: the last reply, and what has come since. */
interface Turn {
  reply: ContentBlock[];
  isPaused: boolean;
  /** The model's id of each call, by the event id that the rest of the log knows it by. */
  calls: Map<string, string>;
  /** By the model's id. */
  answers: Map<string, Answer>;
  said: ContentParam[];
}

/** An empty conversation. */
export function createContext(): Context {
  return { closed: [], turn: emptyTurn(), queued: new Map() };
}

function emptyTurn(): Turn {
  return { reply: [], isPaused: false, calls: new Map(), answers: new Map(), said: [] };
}

/** Extends the conversation by one entry, in time that does not depend on its length. */
export function append(context: Context, entry: ContextEntry): void {
  switch (entry.kind) {
    case 'event':
      appendEvent(context, entry.event, entry.queued === true);
      return;
    case 'processed':
      say(context, context.queued.get(entry.id) ?? []);
      context.queued.delete(entry.id);
      return;
    case 'assistant':
      appendReply(context, entry);
      return;
  }
}

function appendEvent(context: Context, event: SessionEvent, queued: boolean): void {
  if (event.type === 'user.message') {
    if (queued) context.queued.set(event.id, event.content);
    else say(context, event.content);
    return;
  }
  const answer = toAnswer(event);
  const call = answer && context.turn.calls.get(answer.event);
  // The first result stands; one for a turn that is over has been answered as interrupted.
  if (answer && call !== undefined && !context.turn.answers.has(call)) context.turn.answers.set(call, answer);
}

/** The result that an event tells, whoever ran the tool. Other events are none of the model's business. */
function toAnswer(event: SessionEvent): (Answer & { event: string }) | undefined {
  if (event.type === 'agent.tool_result' || event.type === 'user.tool_result') return answer(event.tool_use_id, event);
  if (event.type === 'agent.mcp_tool_result') return answer(event.mcp_tool_use_id, event);
  if (event.type === 'user.custom_tool_result') return answer(event.custom_tool_use_id, event);
  return undefined;
}

function answer(call: string, { content, is_error }: ResultBody): Answer & { event: string } {
  return { event: call, content: content ?? [], isError: is_error === true };
}

type ResultBody = Pick<Extract<SessionEvent, { type: 'agent.tool_result' }>, 'content' | 'is_error'>;

function say(context: Context, content: EventBlock[]): void {
  context.turn.said.push(...toMessageBlocks(content));
}

function appendReply(context: Context, { reply, tool_use_ids }: Extract<ContextEntry, { kind: 'assistant' }>): void {
  // What was refused must not stand in the conversation: the next request would be refused for it again.
  if (reply.stop_reason === 'refusal' || toAssistantBlocks(reply.content, true).length === 0) return;
  const { turn } = context;
  const goesOn = isWaiting(turn);
  if (!goesOn) context.closed = closeTurn(context);
  const next = goesOn ? turn : emptyTurn();
  next.reply.push(...reply.content);
  next.isPaused = reply.stop_reason === 'pause_turn';
  for (const [event, call] of Object.entries(tool_use_ids)) next.calls.set(event, call);
  context.turn = next;
}

/** A reply that paused for a server's tool goes on in the same message, as long as nothing has come in between. */
function isWaiting({ isPaused, said, reply }: Turn): boolean {
  return isPaused && said.length === 0 && reply.some(isServerCall) && !reply.some((block) => block.type === 'tool_use');
}

const GO_ON: UserBlock = { type: 'text', text: 'Please go on.' };

/** All messages up to now, the open turn as it will be closed. */
function closeTurn({ closed, turn }: Context): MessageParam[] {
  const reply = toAssistantBlocks(turn.reply, false);
  const user = [...results(turn), ...turn.said];
  if (reply.length > 0) {
    closed.push({ role: 'assistant', content: reply }, { role: 'user', content: orGoOn(user) });
    return closed;
  }
  const last = closed.at(-1);
  if (!last) closed.push({ role: 'user', content: orGoOn(user) });
  else if (user.length > 0) closed[closed.length - 1] = joined(last, user);
  return closed;
}

function results(turn: Turn): ToolResultParam[] {
  return turn.reply.flatMap((block) => (block.type === 'tool_use' ? [toToolResult(block, turn.answers)] : []));
}

function orGoOn(user: UserBlock[]): UserBlock[] {
  return user.length > 0 ? user : [GO_ON];
}

function joined(last: MessageParam, user: UserBlock[]): MessageParam {
  const before = typeof last.content === 'string' ? [] : (last.content ?? []);
  return { role: 'user', content: [...before, ...user] };
}

/** The messages of the next request. The conversation itself stays as it is. */
export function toMessages(context: Context): MessageParam[] {
  const { closed, turn } = context;
  if (isWaiting(turn)) return [...closed, { role: 'assistant', content: toAssistantBlocks(turn.reply, true) }];
  return closeTurn({ ...context, closed: [...closed] });
}
