import type { ContentBlock } from './model.js';

export interface ToolCall {
  name: string;
  input: Record<string, unknown>;
}

export type ReplyPart =
  | { type: 'text'; text: string; pieceMs: number }
  | { type: 'thinking'; thinking: string }
  | { type: 'tools'; calls: ToolCall[] };

/** One reply that a user's message asks for. */
export interface ScriptedReply {
  parts: ReplyPart[];
  stopReason?: 'max_tokens' | 'refusal';
  /** Before its first token. */
  waitMs: number;
  /** How often the request fails before it passes. */
  failures: { status: number; times: number; retryAfterMs?: number } | undefined;
}

/**
 * Reads the command language of the scripted model. A line is a command when it starts with a slash and a known word; a
 * text without one has no script. Lines up to and with a tool line make one reply, so a script is a sequence of replies:
 *
 *     /say TEXT                  says it, before the reply's tools
 *     /slow N [MS]               says N words, one each MS milliseconds (50)
 *     /think TEXT                thinks it, with a signature
 *     /bash COMMAND              calls `bash`
 *     /tool NAME {INPUT}         calls any tool
 *     /parallel [{name,input}…]  calls several in one reply
 *     /wait MS                   is silent before the reply
 *     /fail STATUS [xN] [MS]     fails N times (1) before the reply, asking to be tried again after MS
 *     /stop REASON               ends the reply with max_tokens or refusal
 *
 * After the last line a last reply says that it is done, unless the script has said or stopped there already.
 * A command that cannot be read is said to be so in the reply, in its place.
 */
export function parseScript(text: string): ScriptedReply[] {
  const replies: ScriptedReply[] = [];
  let reply = emptyReply();
  for (const line of text.split('\n')) {
    const [, word, rest = ''] = /^\/([a-z]+)(?:\s+(.*))?$/.exec(line.trim()) ?? [];
    const command = word === undefined ? undefined : COMMANDS[word];
    if (!command) continue;
    command(reply, rest);
    if (!isComplete(reply)) continue;
    replies.push(reply);
    reply = emptyReply();
  }
  if (reply.parts.length > 0 || reply.failures || reply.waitMs > 0) replies.push(reply);
  return replies;
}

type Command = (reply: ScriptedReply, rest: string) => void;

const COMMANDS: Partial<Record<string, Command>> = {
  say: (reply, rest) => reply.parts.push({ type: 'text', text: rest, pieceMs: 0 }),
  slow: (reply, rest) => {
    const [count = 20, ms = 50] = numbers(rest);
    const words = Array.from({ length: count }, (_, index) => `word${index + 1}`);
    reply.parts.push({ type: 'text', text: words.join(' '), pieceMs: ms });
  },
  think: (reply, rest) => reply.parts.push({ type: 'thinking', thinking: rest }),
  bash: (reply, rest) => reply.parts.push({ type: 'tools', calls: [{ name: 'bash', input: { command: rest } }] }),
  tool: (reply, rest) => {
    const [, name = '', input = ''] = /^(\S+)\s*(.*)$/.exec(rest) ?? [];
    callTools(reply, `[${JSON.stringify({ name })}]`, input === '' ? '{}' : input);
  },
  parallel: (reply, rest) => callTools(reply, rest),
  wait: (reply, rest) => {
    reply.waitMs = numbers(rest)[0] ?? 0;
  },
  fail: (reply, rest) => {
    const [status = 500, times = 1, retryAfterMs] = numbers(rest);
    reply.failures = { status, times, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  },
  stop: (reply, rest) => {
    if (rest === 'max_tokens' || rest === 'refusal') reply.stopReason = rest;
  },
};

function emptyReply(): ScriptedReply {
  return { parts: [], waitMs: 0, failures: undefined };
}

function isComplete(reply: ScriptedReply): boolean {
  return reply.stopReason !== undefined || reply.parts.some((part) => part.type === 'tools');
}

function numbers(text: string): number[] {
  return [...text.matchAll(/\d+/g)].map((match) => Number(match[0]));
}

function callTools(reply: ScriptedReply, list: string, input?: string): void {
  try {
    const parsed: unknown = JSON.parse(list);
    const shared: unknown = input === undefined ? undefined : JSON.parse(input);
    if (!Array.isArray(parsed) || parsed.length === 0) throw new Error('a list of calls is needed');
    reply.parts.push({ type: 'tools', calls: parsed.map((call) => toCall(call, shared)) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    reply.parts.push({ type: 'text', text: `This command cannot be read (${why}): ${input ?? list}`, pieceMs: 0 });
  }
}

function toCall(call: unknown, shared: unknown): ToolCall {
  const { name, input = shared ?? {} } = Object(call) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw new Error('a call needs a name');
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new Error('an input is an object');
  return { name, input: { ...input } };
}

/** The reply's blocks; tool ids follow from the place in the conversation, so a repeated request gets the same ones. */
export function blocksOf(reply: ScriptedReply, place: string): ContentBlock[] {
  let calls = 0;
  return reply.parts.flatMap((part): ContentBlock[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.text, citations: null }];
    if (part.type === 'thinking') return [{ type: 'thinking', thinking: part.thinking, signature: 'scripted' }];
    return part.calls.map(({ name, input }) => ({ type: 'tool_use', id: `toolu_${place}_${calls++}`, name, input }));
  });
}
