import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageParam, Model, ModelFailure, ModelListener, ModelOutcome, ModelRequest } from './model.js';
import { createReplyFold, type ReplyFold } from './reply.js';
import { blocksOf, parseScript, type ScriptedReply } from './script.js';
import { isGrading, playGrading } from './scripted-grader.js';
import { isKnownTask, playTask } from './scripted-task.js';
import { streamEvents, usageOf, type WholeReply } from './stream-events.js';
import { NO_USAGE } from './usage.js';

/**
 * A stand-in for a model, for tests and for machines without one. It plays the quickstart's task, follows the command
 * language of `parseScript`, and says plainly what it is to everything else. What it replies follows from the messages
 * alone, so a repeated request and a new process go on in the same place; only `/fail` counts, in this process.
 */
export function createScriptedModel(): Model {
  const failed = new Map<string, number>();
  return {
    sample: async (request, listener, signal) => {
      const { reply, place } = nextReply(request);
      const failure = takeFailure(failed, reply, request);
      if (failure) return failure;
      return tell(reply, place, request, listener, signal);
    },
  };
}

/** Where a conversation stands: what the user said last, and the replies and results since. */
interface Position {
  said: string;
  /** The last text alone: messages that found no reply before are part of `said`, and their scripts must not start again. */
  script: string;
  step: number;
  lastResult: string;
}

function nextReply(request: ModelRequest): { reply: ScriptedReply; place: string } {
  const position = locate(request.messages);
  const place = `${request.messages.length}_${position.step}`;
  return { reply: chooseReply(position, request.tools?.map(nameOf) ?? []), place };
}

function nameOf(tool: NonNullable<ModelRequest['tools']>[number]): string {
  return 'name' in tool ? tool.name : '';
}

function locate(messages: MessageParam[]): Position {
  const start = messages.findLastIndex((message) => message.role === 'user' && textsOf(message).length > 0);
  const texts = textsOf(messages[start]);
  const since = messages.slice(start + 1);
  return {
    said: texts.join('\n'),
    script: texts.at(-1) ?? '',
    step: since.filter((message) => message.role === 'assistant').length,
    lastResult: resultText(since.at(-1)),
  };
}

function textsOf(message: MessageParam | undefined): string[] {
  if (typeof message?.content === 'string') return [message.content];
  return (message?.content ?? []).flatMap((block) => (block.type === 'text' ? [block.text] : []));
}

function resultText(message: MessageParam | undefined): string {
  if (!message || typeof message.content === 'string') return '';
  const results = (message.content ?? []).flatMap((block) =>
    block.type === 'tool_result' ? [block.content ?? ''] : [],
  );
  const last = results.at(-1) ?? '';
  if (typeof last === 'string') return last;
  return last.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}

function chooseReply({ said, script, step, lastResult }: Position, tools: string[]): ScriptedReply {
  if (isGrading(tools)) return playGrading(said);
  const replies = parseScript(script);
  const scripted = replies[step];
  if (scripted) return hasOnlyPreludes(scripted) ? { ...closing(lastResult), ...preludes(scripted) } : scripted;
  if (replies.length > 0) return closing(lastResult);
  if (isKnownTask(said, tools)) return playTask(step, lastResult);
  return plain(
    `I am a scripted stand-in, not a language model, so I cannot answer this. You said: ${JSON.stringify(said)}. ` +
      'Set ANTHROPIC_API_KEY to talk to a real model.',
  );
}

function hasOnlyPreludes(reply: ScriptedReply): boolean {
  return reply.parts.length === 0 && reply.stopReason === undefined;
}

function preludes({ waitMs, failures }: ScriptedReply): Pick<ScriptedReply, 'waitMs' | 'failures'> {
  return { waitMs, failures };
}

function closing(lastResult: string): ScriptedReply {
  return plain(lastResult === '' ? 'Done.' : `Done. The last result was:\n${lastResult}`);
}

function plain(text: string): ScriptedReply {
  return { parts: [{ type: 'text', text, pieceMs: 0 }], waitMs: 0, failures: undefined };
}

function takeFailure(
  failed: Map<string, number>,
  reply: ScriptedReply,
  request: ModelRequest,
): ModelOutcome | undefined {
  if (!reply.failures) return undefined;
  const { status, times, retryAfterMs } = reply.failures;
  const key = JSON.stringify(request.messages);
  const count = failed.get(key) ?? 0;
  if (count >= times) {
    failed.delete(key);
    return undefined;
  }
  failed.set(key, count + 1);
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { type: 'failed', error: { ...failureOf(status), ...retry }, usage: NO_USAGE };
}

function failureOf(status: number): ModelFailure {
  const message = `The scripted model fails as asked (${status}).`;
  if (status === 529) return { type: 'model_overloaded_error', message, disposition: 'retry' };
  if (status === 429) return { type: 'model_rate_limited_error', message, disposition: 'retry' };
  if (status === 402) return { type: 'billing_error', message, disposition: 'exhausted' };
  return { type: 'model_request_failed_error', message, disposition: status >= 500 ? 'retry' : 'exhausted' };
}

async function tell(
  reply: ScriptedReply,
  place: string,
  request: ModelRequest,
  listener: ModelListener,
  signal: AbortSignal,
): Promise<ModelOutcome> {
  const fold = createReplyFold(listener);
  try {
    if (reply.waitMs > 0) await sleep(reply.waitMs, undefined, { signal });
    await stream(reply, toWhole(reply, place, request), fold, signal);
    return fold.reply();
  } catch (error) {
    if (signal.aborted) return fold.interrupted();
    throw error;
  }
}

async function stream(reply: ScriptedReply, whole: WholeReply, fold: ReplyFold, signal: AbortSignal): Promise<void> {
  // Thinking and tool inputs come at once; the texts are the reply's parts of that type, in the same order.
  const paces = reply.parts.flatMap((part) => (part.type === 'text' ? [part.pieceMs] : []));
  let pace = 0;
  for (const event of streamEvents(whole, (text) => text.match(/\S+\s*|\s+/g) ?? [])) {
    signal.throwIfAborted();
    if (event.type === 'content_block_start') pace = event.content_block.type === 'text' ? (paces.shift() ?? 0) : 0;
    fold.apply(event);
    if (pace > 0 && event.type === 'content_block_delta') await sleep(pace, undefined, { signal });
  }
}

function toWhole(reply: ScriptedReply, place: string, request: ModelRequest): WholeReply {
  const content = blocksOf(reply, place);
  const hasTools = content.some((block) => block.type === 'tool_use');
  return {
    id: `msg_${place}`,
    model: request.model,
    content,
    stop_reason: reply.stopReason ?? (hasTools ? 'tool_use' : 'end_turn'),
    stop_details: null,
    usage: usageOf({ input_tokens: tokens(request.messages), output_tokens: tokens(content) }),
  };
}

function tokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}
