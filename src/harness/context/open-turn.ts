import type { ContentBlock, MessageParam } from '../../model/model.js';
import { type ContentParam } from './blocks.js';
import { isServerCall, toAssistantBlocks } from './replies.js';
import { toToolResult, type Answer, type ToolResultParam } from './results.js';

/** What is still growing: the last reply, and what has come since. */
export interface Turn {
  reply: ContentBlock[];
  /** First and last entry that the reply was made of. */
  begin: number;
  end: number;
  isPaused: boolean;
  /** The model's id of each call, by the event id that the rest of the log knows it by. */
  calls: Map<string, string>;
  /** By the model's id. */
  answers: Map<string, Answer>;
  said: ContentParam[];
  /** Instructions that came in the midst of the conversation. */
  system: string[];
}

/** A message, and where the log may be cut so that this one becomes the first that is kept. */
export interface Told {
  message: MessageParam;
  /** The last entry that goes. Null where no cut is right: it would part a call from its result. */
  cut: number | null;
}

type UserBlock = ContentParam | ToolResultParam;

export function emptyTurn(): Turn {
  return {
    reply: [],
    begin: 0,
    end: 0,
    isPaused: false,
    calls: new Map(),
    answers: new Map(),
    said: [],
    system: [],
  };
}

/** A reply that paused for a server's tool goes on in the same message, as long as nothing has come in between. */
export function isWaiting({ isPaused, said, system, reply }: Turn): boolean {
  const isUntouched = isPaused && said.length === 0 && system.length === 0;
  return isUntouched && reply.some(isServerCall) && !reply.some((block) => block.type === 'tool_use');
}

/** Adds the turn's messages to those before it: the reply, then the user's, then the instruction that came with it. */
export function closeTurn(told: Told[], turn: Turn): Told[] {
  const reply = toAssistantBlocks(turn.reply, false);
  const user = [...results(turn), ...turn.said];
  if (reply.length === 0) return joinLast(told, user, turn.system);
  told.push({ message: { role: 'assistant', content: reply }, cut: turn.begin - 1 });
  const isCuttable = !turn.reply.some((block) => block.type === 'tool_use');
  told.push({ message: { role: 'user', content: orGoOn(user) }, cut: isCuttable ? turn.end : null });
  pushSystem(told, turn.system);
  return told;
}

function results(turn: Turn): ToolResultParam[] {
  return turn.reply.flatMap((block) => (block.type === 'tool_use' ? [toToolResult(block, turn.answers)] : []));
}

const GO_ON: UserBlock = { type: 'text', text: 'Please go on.' };

function orGoOn(user: UserBlock[]): UserBlock[] {
  return user.length > 0 ? user : [GO_ON];
}

/** A turn without a reply goes on in the last user's message, and in its instruction. */
function joinLast(told: Told[], user: UserBlock[], system: string[]): Told[] {
  const known = told.at(-1)?.message.role === 'system' ? told.pop() : undefined;
  const last = told.pop();
  if (!last) told.push({ message: { role: 'user', content: orGoOn(user) }, cut: null });
  else told.push(user.length > 0 ? { ...last, message: joined(last.message, user) } : last);
  if (known && system.length === 0) told.push(known);
  else pushSystem(told, [...textsOf(known?.message), ...system]);
  return told;
}

function joined(last: MessageParam, user: UserBlock[]): MessageParam {
  const before = typeof last.content === 'string' ? [] : (last.content ?? []);
  return { role: 'user', content: [...before, ...user] };
}

function pushSystem(told: Told[], texts: string[]): void {
  if (texts.length === 0) return;
  const content = texts.map((text) => ({ type: 'text' as const, text }));
  told.push({ message: { role: 'system', content }, cut: null });
}

/** The texts of a message, each block by itself. */
export function textsOf(message: MessageParam | undefined): string[] {
  const content = message?.content ?? [];
  if (typeof content === 'string') return [content];
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
}
