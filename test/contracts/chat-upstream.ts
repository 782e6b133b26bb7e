import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import type { Dialect } from './chat-dialects.js';
import { checkChatRequest, type CheckedChatRequest } from './chat-rules.js';
import type { SeenRequest } from './model.js';

export interface ChatRequestSeen extends SeenRequest {
  headers: IncomingMessage['headers'];
  /** The caller's port: the same one again is the same connection. */
  socketPort: number | undefined;
  /** Its answer has ended, one way or another. */
  isOver?: boolean;
}

/**
 * A chat-completions server on loopback: strict in what it takes, and replying as the user's last text says, which is a
 * reply as JSON, or a list of those for the turn's requests.
 */
export interface ChatUpstream {
  /** Up to and with the version. */
  url: string;
  requests: ChatRequestSeen[];
  close(): Promise<void>;
}

export async function startChatUpstream(dialect: Dialect): Promise<ChatUpstream> {
  const requests: ChatRequestSeen[] = [];
  const server = createServer((request, response) => {
    serve(dialect, requests, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(`the upstream itself failed: ${String(error)}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A listening TCP server has an address of this form.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  dialect: Dialect,
  requests: ChatRequestSeen[],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { url, headers, socket } = incoming;
  const raw = await readAll(incoming);
  const seen: ChatRequestSeen = { raw, headers, socketPort: socket.remotePort };
  requests.push(seen);
  response.on('close', () => {
    seen.isOver = true;
    if (!response.writableEnded) seen.aborted = true;
  });
  if (url !== '/v1/chat/completions') return refuse(response, dialect, { status: 404, message: 'not found' });
  const checked = checkChatRequest(JSON.parse(raw));
  if ('fault' in checked) return refuse(response, dialect, { status: 400, message: checked.fault });
  const reply = wantedReply(checked);
  if (reply.error) return refuse(response, dialect, { message: 'failing as told', ...reply.error });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  await tell(response, dialect, reply);
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  let text = '';
  incoming.setEncoding('utf8');
  for await (const piece of incoming) text += String(piece);
  return text;
}

function wantedReply(request: CheckedChatRequest): UpstreamReply {
  // The tests say what they want in this form.
  const wanted = JSON.parse(lastText(request)) as UpstreamReply | UpstreamReply[];
  const asked = request.messages.findLastIndex(isText);
  const step = request.messages.slice(asked).filter(({ role }) => role === 'assistant').length;
  return [wanted].flat()[step] ?? {};
}

function isText({ role, content }: CheckedChatRequest['messages'][number]): boolean {
  return role === 'user' && (typeof content === 'string' || content.every(({ type }) => type === 'text'));
}

function lastText({ messages }: CheckedChatRequest): string {
  const last = messages.findLast(isText)?.content ?? '';
  if (typeof last === 'string') return last;
  return last.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
}

function refuse(response: ServerResponse, dialect: Dialect, error: NonNullable<UpstreamReply['error']>): void {
  const { status, message = '', type, error_code, headers } = error;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(dialect.error(status, message, type, error_code)));
}

async function tell(response: ServerResponse, dialect: Dialect, reply: UpstreamReply): Promise<void> {
  let sent = 0;
  for (const chunk of chunks(dialect, reply)) {
    if (response.destroyed) return;
    if (sent === reply.breakAfter?.events) return breakOff(response, dialect, reply.breakAfter.how);
    if (sent > 0 && reply.tokenMs) await sleep(reply.tokenMs);
    if (isFinish(chunk) && reply.endMs) await sleep(reply.endMs);
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    sent += 1;
  }
  response.end('data: [DONE]\n\n');
}

function isFinish(chunk: object): boolean {
  return JSON.stringify(chunk).includes('"finish_reason":"');
}

type Breakage = NonNullable<UpstreamReply['breakAfter']>['how'];

async function breakOff(response: ServerResponse, dialect: Dialect, how: Breakage): Promise<void> {
  if (how === 'stall') return;
  if (how === 'end') {
    response.end();
    return;
  }
  // What was written goes out before the reset, so that the caller has seen it.
  await sleep(20);
  if (how === 'cut') response.socket?.resetAndDestroy();
  else response.end(`data: ${JSON.stringify(dialect.error(500, how.message, how.type))}\n\n`);
}

function* chunks(dialect: Dialect, reply: UpstreamReply): Generator<object> {
  const blocks = reply.blocks ?? [{ type: 'text', text: 'hello' }];
  yield toChunk({ role: 'assistant', content: '' });
  for (const block of blocks) {
    if (block.type === 'thinking') {
      for (const piece of split(block.thinking)) yield toChunk({ [dialect.thinking]: piece });
    }
    if (block.type === 'text') for (const piece of split(block.text)) yield toChunk({ content: piece });
  }
  const calls = blocks.filter((block) => block.type === 'tool_use');
  for (const [place, { name, input }] of calls.entries()) {
    const cut = place === calls.length - 1 ? reply.tornAfter : undefined;
    const pieces = split(JSON.stringify(input).slice(0, cut));
    for (const delta of dialect.call({ name, pieces }, place)) yield toChunk({ tool_calls: [delta] });
  }
  yield toChunk({}, finishOf(dialect, reply, calls.length > 0));
  if (dialect.counts) yield { ...BASE, choices: [], usage: usageOf(reply) };
}

const BASE = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'm', usage: null };

function toChunk(delta: object, finish_reason: string | null = null): object {
  return { ...BASE, choices: [{ index: 0, delta, logprobs: null, finish_reason }] };
}

function split(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

function finishOf(dialect: Dialect, { stop_reason }: UpstreamReply, hasCalls: boolean): string {
  if (stop_reason === 'max_tokens') return 'length';
  if (stop_reason === 'refusal') return 'content_filter';
  return hasCalls ? dialect.finishOfCalls : 'stop';
}

function usageOf({ usage = {} }: UpstreamReply): object {
  const { input_tokens = 11, output_tokens = 7, cache_read_input_tokens: cached } = usage;
  return {
    prompt_tokens: input_tokens + (cached ?? 0),
    completion_tokens: output_tokens,
    total_tokens: input_tokens + (cached ?? 0) + output_tokens,
    ...(cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
  };
}
