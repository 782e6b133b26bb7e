import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MessageParam, ModelRequest } from '../src/model/model.js';
import { sign, toWholeReply, type UpstreamReply } from './upstream-reply.js';
import { checkRequest, type Refusal } from './upstream-rules.js';
import { sendMessage, sendStream } from './upstream-send.js';

/** One request as it came, and when it was answered (milliseconds since the epoch, with fractions). */
export interface UpstreamRequest {
  /** From 1, over the server's life. */
  number: number;
  headers: IncomingMessage['headers'];
  /** The caller's port: the same one again is the same connection. */
  socketPort: number | undefined;
  body: ModelRequest & { stream?: boolean };
  /** The text of the last user message; empty when it holds none. */
  text: string;
  /** Its body was there whole: reading it into an object and checking it is the upstream's own time. */
  receivedAt: number;
  firstTokenAt?: number;
  endedAt?: number;
  /** What it was refused with, if it was. */
  refused?: Refusal;
  /** The caller hung up before the end. */
  aborted?: boolean;
}

export type Answer = (request: UpstreamRequest) => UpstreamReply | Promise<UpstreamReply>;

export interface UpstreamOptions {
  answer?: Answer;
  /** Only this key is let in; default: any. */
  apiKey?: string;
  /** Default: 1,000,000 tokens. */
  contextWindow?: number;
  /** The requests that `requests` keeps; default all. A long bench needs none. */
  keep?: number;
  port?: number;
}

export interface Upstream {
  url: string;
  /** In the order they came. */
  requests: UpstreamRequest[];
  /** Replies for the next requests, in order; `answer` has its turn when they are used up. */
  queue: UpstreamReply[];
  answer: Answer;
  /** In tokens, for which four characters of request are taken; may be changed at any time. A longer prompt is refused. */
  contextWindow: number;
  close(): Promise<void>;
}

/** A Messages API on loopback: real HTTP, the real one's demands, and replies on order. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const server = createServer();
  // Longer than any pause of a test: a connection that closes just as it is used again looks like a failure.
  server.keepAliveTimeout = 120_000;
  const upstream: Upstream = {
    url: '',
    requests: [],
    queue: [],
    answer: options.answer ?? (() => ({})),
    contextWindow: options.contextWindow ?? 1_000_000,
    close: () => close(server),
  };
  let count = 0;
  server.on('request', (request, response) => {
    serve(upstream, options, () => ++count, request, response).catch((error: unknown) => fail(response, error));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return upstream;
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

async function serve(
  upstream: Upstream,
  options: UpstreamOptions,
  next: () => number,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const raw = await readAll(incoming);
  const receivedAt = now();
  const body = parse(raw);
  const refusal = door(incoming, raw, options) ?? rules(raw, body, upstream);
  const request = toRequest(next(), incoming, body, receivedAt);
  remember(upstream, request, options.keep);
  response.on('close', () => {
    request.endedAt = now();
    if (!response.writableEnded) request.aborted = true;
  });
  if (refusal) {
    request.refused = refusal;
    return refuse(response, refusal);
  }
  const reply = upstream.queue.shift() ?? (await upstream.answer(request));
  if (reply.error) return refuse(response, toRefusal(reply.error), reply.error.headers);
  const whole = toWholeReply(reply, request.body.model, countTokens(raw));
  if (request.body.stream !== true) return sendMessage(response, whole, reply);
  return sendStream(response, whole, reply, () => (request.firstTokenAt ??= now()));
}

/** The caller hung up, or the test's own answer threw: that must not pass for a reply. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else refuse(response, { status: 500, type: 'api_error', message: `the upstream itself failed: ${String(error)}` });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer); // Without an encoding, chunks are buffers.
  return Buffer.concat(chunks).toString();
}

const LARGEST_BODY = 32 * 1024 * 1024;

function door({ method, url, headers }: IncomingMessage, raw: string, options: UpstreamOptions): Refusal | undefined {
  const path = url?.split('?')[0];
  if (method !== 'POST' || path !== '/v1/messages')
    return { status: 404, type: 'not_found_error', message: 'Not Found' };
  const key = headers.authorization?.replace(/^Bearer /, '') ?? headers['x-api-key'];
  if (!key || (options.apiKey !== undefined && key !== options.apiKey)) {
    return { status: 401, type: 'authentication_error', message: `invalid key: ${String(key)}` };
  }
  if (raw.length > LARGEST_BODY) {
    return { status: 413, type: 'request_too_large', message: 'Request exceeds the maximum size' };
  }
  return undefined;
}

function rules(raw: string, body: unknown, { contextWindow }: Upstream): Refusal | undefined {
  const tokens = countTokens(raw);
  if (tokens > contextWindow) {
    const message = `prompt is too long: ${tokens} tokens > ${contextWindow} maximum`;
    return { status: 400, type: 'invalid_request_error', message };
  }
  return checkRequest(body, { isSigned: (thinking, signature) => sign(thinking) === signature });
}

function countTokens(raw: string): number {
  return Math.ceil(raw.length / 4);
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function toRequest(number: number, incoming: IncomingMessage, json: unknown, receivedAt: number): UpstreamRequest {
  // A body that is no request was refused; nobody looks into it then.
  const body = (json ?? {}) as UpstreamRequest['body'];
  const { headers, socket } = incoming;
  return { number, headers, socketPort: socket.remotePort, body, text: lastText(body.messages), receivedAt };
}

function lastText(messages: MessageParam[] | undefined): string {
  const last = messages?.findLast((message) => message.role === 'user')?.content ?? '';
  if (!Array.isArray(last)) return last;
  return last.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
}

function remember(upstream: Upstream, request: UpstreamRequest, keep = Infinity): void {
  if (keep === 0) return;
  upstream.requests.push(request);
  if (upstream.requests.length > keep) upstream.requests.shift();
}

function toRefusal(error: NonNullable<UpstreamReply['error']>): Refusal & { error_code?: string } {
  const { headers: _, ...rest } = error;
  return { type: 'api_error', message: `failing as told with ${error.status}`, ...rest };
}

function refuse(response: ServerResponse, refusal: Refusal & { error_code?: string }, headers = {}): void {
  const { status, type, message, error_code } = refusal;
  const details = error_code === undefined ? {} : { details: { error_code } };
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_upstream', ...headers });
  response.end(JSON.stringify({ type: 'error', error: { type, message, ...details }, request_id: 'req_upstream' }));
}
