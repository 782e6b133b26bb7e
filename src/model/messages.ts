import { type Anthropic, APIError } from '@anthropic-ai/sdk';
import { Stream } from '@anthropic-ai/sdk/core/streaming';
import { BrokenStream, codeOf, toFailed } from './failure.js';
import { type Line, openLine } from './line.js';
import type { Model, ModelRequest } from './model.js';
import { createReplyFold, MalformedReply, type ReplyFold, type StreamEvent } from './reply.js';

/** The part of the official SDK's clients that is used; each of its packages has it. */
export interface MessagesClient {
  beta: { messages: Pick<Anthropic['beta']['messages'], 'create'> };
}

export interface MessagesModelOptions {
  /** Asked for at each request: credentials may have to be fetched first. */
  client: () => MessagesClient | Promise<MessagesClient>;
  /** What no message may repeat. */
  secrets?: string[];
  /** How long the upstream may be silent, headers and pings counting as speech. */
  stallMs?: number | undefined;
}

type Params = Anthropic.Beta.MessageCreateParamsStreaming;

/** Replies from the Messages API, over one of the official SDK's clients with its own retries off. */
export function createMessagesModel({ client, secrets = [], stallMs = 120_000 }: MessagesModelOptions): Model {
  return {
    sample: async (request, listener, signal) => {
      const fold = createReplyFold(listener);
      const line = openLine(signal, stallMs);
      try {
        await read(await client(), request, fold, line);
        return fold.reply();
      } catch (error) {
        if (signal.aborted) return fold.interrupted();
        return toFailed(line.explain(error), fold.usage(), secrets);
      } finally {
        line.close();
      }
    },
  };
}

async function read(client: MessagesClient, request: ModelRequest, fold: ReplyFold, line: Line): Promise<void> {
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

function toParams(request: ModelRequest): Params {
  const { model, max_tokens, system, messages, tools, tool_choice, effort, speed, inference_geo } = request;
  return {
    model,
    max_tokens,
    messages,
    stream: true,
    ...(system ? { system } : {}),
    ...(tools?.length ? { tools } : {}),
    ...(tools?.length && tool_choice ? { tool_choice: { type: tool_choice } } : {}),
    // An agent's effort was checked when the agent was saved; the upstream checks it again.
    ...(effort ? { output_config: { effort: effort as NonNullable<Params['output_config']>['effort'] & string } } : {}),
    ...(inference_geo ? { inference_geo } : {}),
    ...(speed === 'fast' ? { speed, betas: ['fast-mode-2026-02-01'] } : {}),
  };
}
