import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import { Stream } from '@anthropic-ai/sdk/core/streaming';
import { createClient } from './anthropic-client.js';
import { BrokenStream, codeOf, toModelFailure } from './failure.js';
import type { Model, ModelOutcome, ModelRequest } from './model.js';
import { createReplyFold, MalformedReply, type ReplyFold, type StreamEvent } from './reply.js';

export interface AnthropicModelOptions {
  apiKey: string;
  /** The root of the Messages API; `ANTHROPIC_BASE_URL` is never used, since clients on this machine set it to reach us. */
  baseURL: string;
  /** How long the upstream may be silent, headers and pings counting as speech. */
  stallMs?: number;
}

type Params = Anthropic.Beta.MessageCreateParamsStreaming;

/** Replies from the Messages API, over the official SDK with its own retries off. */
export function createAnthropicModel({ apiKey, baseURL, stallMs = 120_000 }: AnthropicModelOptions): Model {
  const client = createClient({ apiKey, baseURL });
  return {
    sample: async (request, listener, signal) => {
      const fold = createReplyFold(listener);
      const line = openLine(signal, stallMs);
      try {
        await read(client, request, fold, line);
        return fold.reply();
      } catch (error) {
        return outcomeOf(error, fold, line, signal, apiKey);
      } finally {
        line.close();
      }
    },
  };
}

/** One upstream request's abort signal: raised by the caller, or by silence. */
interface Line {
  signal: AbortSignal;
  stallMs: number;
  heard(): void;
  abort(): void;
  stalled(): boolean;
  close(): void;
}

function openLine(caller: AbortSignal, stallMs: number): Line {
  const controller = new AbortController();
  let stalled = false;
  const abort = (): void => controller.abort();
  const timer = setTimeout(() => {
    stalled = true;
    abort();
  }, stallMs);
  if (caller.aborted) abort();
  else caller.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    stallMs,
    heard: () => void timer.refresh(),
    abort,
    stalled: () => stalled,
    close: () => {
      clearTimeout(timer);
      caller.removeEventListener('abort', abort);
    },
  };
}

async function read(client: Anthropic, request: ModelRequest, fold: ReplyFold, line: Line): Promise<void> {
  const options = { signal: line.signal, timeout: line.stallMs + 1000 };
  const response = await client.beta.messages.create(toParams(request), options).asResponse();
  // The raw messages, for their pings: the SDK's event stream hides them, and a long thought would look like a stall.
  const messages = rawMessages(response);
  for (let next = await messages.next(); !next.done; next = await messages.next()) {
    line.heard();
    const { event, data } = next.value;
    if (event === 'error') throw streamError(data, response.headers);
    if (event === null || event === 'ping') continue;
    fold.apply(parse(data));
    if (!fold.isDone()) continue;
    drain(messages, line);
    return;
  }
  throw new BrokenStream('it ended before the message did');
}

/** The body's end follows at once: reading it, without waiting for it, keeps the connection for the next request. */
function drain(messages: ReturnType<typeof rawMessages>, line: Line): void {
  const giveUp = setTimeout(() => line.abort(), DRAIN_MS).unref();
  void messages
    .next()
    .catch(() => undefined)
    .then(() => clearTimeout(giveUp));
}

const DRAIN_MS = 1000;

async function* rawMessages(response: Response): ReturnType<typeof Stream.rawEvents> {
  try {
    yield* Stream.rawEvents(response);
  } catch (error) {
    throw new BrokenStream(codeOf(error) ?? 'connection lost', { cause: error });
  }
}

function streamError(data: string, headers: Headers): APIError {
  let body: object | undefined;
  try {
    const parsed: unknown = JSON.parse(data);
    body = typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    body = undefined;
  }
  return new APIError(undefined, body, undefined, headers);
}

function parse(data: string): StreamEvent {
  try {
    const event: unknown = JSON.parse(data);
    // An object of the Messages API's own stream: the SDK reads it the same way, and the fold passes over unknown types.
    if (typeof event === 'object' && event !== null) return event as StreamEvent;
  } catch {
    // Said below.
  }
  throw new MalformedReply('an event is not a JSON object');
}

function outcomeOf(
  error: unknown,
  fold: ReplyFold,
  line: Line,
  signal: AbortSignal,
  apiKey: string,
): Exclude<ModelOutcome, { type: 'reply' }> {
  if (signal.aborted) return fold.interrupted();
  const failure = toModelFailure(explain(error, line), Date.now());
  if (!failure) throw error;
  return {
    type: 'failed',
    error: { ...failure, message: apiKey === '' ? failure.message : failure.message.replaceAll(apiKey, '[key]') },
    usage: fold.usage(),
  };
}

function explain(error: unknown, line: Line): unknown {
  if (line.stalled()) return new BrokenStream(`nothing came for ${line.stallMs / 1000} s`);
  return error instanceof MalformedReply ? new BrokenStream(error.message) : error;
}

function toParams(request: ModelRequest): Params {
  const { model, max_tokens, system, messages, tools, effort, speed } = request;
  return {
    model,
    max_tokens,
    messages,
    stream: true,
    ...(system ? { system } : {}),
    ...(tools?.length ? { tools } : {}),
    // An agent's effort was checked when the agent was saved; the upstream checks it again.
    ...(effort ? { output_config: { effort: effort as NonNullable<Params['output_config']>['effort'] & string } } : {}),
    ...(speed === 'fast' ? { speed, betas: ['fast-mode-2026-02-01'] } : {}),
  };
}
