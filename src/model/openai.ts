import type { IncomingMessage } from 'node:http';
import { BrokenStream, toFailed } from './failure.js';
import { type Line, openLine } from './line.js';
import type { Model } from './model.js';
import { chatChunk } from './openai-chunk.js';
import { toApiError, toConnectionError } from './openai-failure.js';
import { post, readBody, readEvents } from './openai-http.js';
import { type ChatFold, createChatFold } from './openai-reply.js';
import { type ChatRequest, estimateTokens, type MaxTokensField, toChatRequest } from './openai-request.js';

export interface OpenAIModelOptions {
  /** Up to and with the version, such as `http://127.0.0.1:11434/v1`. */
  baseURL: string;
  apiKey?: string | undefined;
  /** Default: `max_tokens`, which every server takes but OpenAI's own for its newer models. */
  maxTokensField?: MaxTokensField | undefined;
  /** How long the server may be silent. The default is long: small machines read long prompts slowly, and say nothing meanwhile. */
  stallMs?: number | undefined;
}

/** Replies from any server of chat completions, such as Ollama, vLLM, llama.cpp or OpenAI's own. */
export function createOpenAIModel(options: OpenAIModelOptions): Model {
  const { apiKey = '', baseURL, stallMs = 600_000 } = options;
  const field = options.maxTokensField ?? (isOpenAI(baseURL) ? 'max_completion_tokens' : 'max_tokens');
  return {
    sample: async (request, listener, signal) => {
      const chat = toChatRequest(request, field);
      const fold = createChatFold(request, estimateTokens(chat), listener);
      const line = openLine(signal, stallMs);
      try {
        await read(`${baseURL}/chat/completions`, chat, apiKey, fold, line);
        fold.end();
        return fold.reply();
      } catch (error) {
        if (signal.aborted) return fold.interrupted();
        return toFailed(line.explain(error), fold.usage(), [apiKey]);
      } finally {
        line.close();
      }
    },
  };
}

function isOpenAI(baseURL: string): boolean {
  return URL.parse(baseURL)?.hostname === 'api.openai.com';
}

async function read(url: string, chat: ChatRequest, apiKey: string, fold: ChatFold, line: Line): Promise<void> {
  line.signal.throwIfAborted();
  const headers = apiKey === '' ? undefined : { authorization: `Bearer ${apiKey}` };
  const response = await post(url, JSON.stringify(chat), { ...headers }, line.signal).catch((error: unknown) => {
    throw toConnectionError(error);
  });
  line.heard();
  if (response.statusCode !== 200) {
    throw toApiError(response.statusCode ?? 500, await readBody(response, ERROR_LIMIT), response.headers);
  }
  try {
    await readReply(response, fold, line);
  } catch (error) {
    // It had told the end: what was to follow is only its count.
    if (!(error instanceof BrokenStream && fold.isFinished()) || line.signal.aborted) throw error;
  }
  if (!fold.isFinished()) throw new BrokenStream('it ended before the message did');
}

const ERROR_LIMIT = 100_000;
const WHOLE_LIMIT = 50_000_000;

async function readReply(response: IncomingMessage, fold: ChatFold, line: Line): Promise<void> {
  if (response.headers['content-type']?.includes('json')) {
    return applyData(await readBody(response, WHOLE_LIMIT), fold, response);
  }
  const events = readEvents(response);
  for (let next = await events.next(); !next.done; next = await events.next()) {
    line.heard();
    if (next.value === '[DONE]') {
      drain(response, events);
      return;
    }
    if (next.value) applyData(next.value, fold, response);
  }
}

/** The body's end follows at once: reading it, without waiting for it, keeps the connection for the next request. */
function drain(response: IncomingMessage, events: ReturnType<typeof readEvents>): void {
  const giveUp = setTimeout(() => response.destroy(), DRAIN_MS).unref();
  void events
    .next()
    .catch(() => undefined)
    .then(() => clearTimeout(giveUp));
}

const DRAIN_MS = 1000;

function applyData(data: string, fold: ChatFold, { headers }: IncomingMessage): void {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    throw new BrokenStream('an event is not JSON');
  }
  if (typeof json === 'object' && json !== null && 'error' in json && json.error) throw toApiError(200, data, headers);
  const chunk = chatChunk.safeParse(json);
  if (!chunk.success)
    throw new BrokenStream(`an event has an unknown shape (${chunk.error.issues[0]?.path.join('.')})`);
  fold.apply(chunk.data);
}
