import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';

/** One request as a cloud got it. */
export interface CloudRequest {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

/** A cloud's door in front of a Messages API: its paths, its headers, its framing and its errors. */
export interface Cloud {
  url: string;
  requests: CloudRequest[];
  close(): Promise<void>;
}

interface Shape {
  /** The model of a streaming request, by its path; undefined for any other path. */
  modelOf(path: string): string | undefined;
  contentType: string;
  /** One event of the stream, given the data of the Messages API's own. */
  frame(data: string): Buffer | string;
  error(status: number, type: string, message: string): { body: string; headers?: Record<string, string> };
}

/** Claude on Bedrock: AWS's binary event stream, and AWS's errors. */
export function startBedrock(upstreamUrl: string): Promise<Cloud> {
  return start(upstreamUrl, {
    modelOf: (path) => /^\/model\/([^/]+)\/invoke-with-response-stream$/.exec(path)?.[1],
    contentType: 'application/vnd.amazon.eventstream',
    frame: (data) => toFrame(EVENT, JSON.stringify({ bytes: Buffer.from(data).toString('base64'), p: 'abcdefgh' })),
    error: (status, _, message) => ({
      body: JSON.stringify({ message }),
      headers: { 'x-amzn-errortype': status === 429 ? 'ThrottlingException' : 'ValidationException' },
    }),
  });
}

/** Claude on Vertex: server-sent events as they are, and Google's errors, in a list as its streams give them. */
export function startVertex(upstreamUrl: string): Promise<Cloud> {
  const path =
    /^\/v1\/projects\/a-project\/locations\/europe-west1\/publishers\/anthropic\/models\/([^/:]+):streamRawPredict$/;
  return start(upstreamUrl, {
    modelOf: (asked) => path.exec(asked)?.[1],
    contentType: 'text/event-stream; charset=utf-8',
    frame: (data) => `event: ${String(JSON.parse(data).type)}\ndata: ${data}\n\n`,
    error: (status, type, message) => ({
      body:
        status === 429
          ? JSON.stringify([{ error: { code: 429, message, status: 'RESOURCE_EXHAUSTED' } }])
          : JSON.stringify({ type: 'error', error: { type, message } }),
    }),
  });
}

const EVENT = { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' };

/** A frame of AWS's event stream: lengths, headers, payload, each part with its checksum. */
export function toFrame(headers: Record<string, string>, payload: string): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(toHeader));
  const body = Buffer.from(payload);
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(head.length + body.length + 16, 0);
  prelude.writeUInt32BE(head.length, 4);
  const message = Buffer.concat([prelude, checksum(prelude), head, body]);
  return Buffer.concat([message, checksum(message)]);
}

function toHeader([name, value]: [string, string]): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  const string = 7;
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([string]),
    length,
    Buffer.from(value),
  ]);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

async function start(upstreamUrl: string, shape: Shape): Promise<Cloud> {
  const requests: CloudRequest[] = [];
  const server = createServer((request, response) => {
    // What goes wrong on the way is passed on as what it was: a connection that breaks.
    serve(upstreamUrl, shape, requests, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A listening TCP server has an address of this form.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  upstreamUrl: string,
  shape: Shape,
  requests: CloudRequest[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = (await readJson(request)) as CloudRequest['body'];
  const path = decodeURIComponent(request.url ?? '');
  requests.push({ path, headers: request.headers, body });
  const model = shape.modelOf(path);
  if (model === undefined) return refuse(response, shape, 404, 'not_found_error', `no such path ${path}`);
  const { anthropic_version: _, anthropic_beta: _betas, ...rest } = body;
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const answer = await fetch(`${upstreamUrl}/v1/messages`, {
    method: 'POST',
    headers: { authorization: 'Bearer upstream' },
    body: JSON.stringify({ ...rest, model, stream: true }),
    signal: gone.signal,
  });
  if (!answer.ok) {
    const { error } = (await answer.json()) as { error: { type: string; message: string } };
    const wait = answer.headers.get('retry-after');
    return refuse(response, shape, answer.status, error.type, error.message, wait ? { 'retry-after': wait } : {});
  }
  response.writeHead(200, { 'content-type': shape.contentType });
  await relay(answer, shape, response);
}

async function relay(answer: Response, shape: Shape, response: ServerResponse): Promise<void> {
  let rest = '';
  for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) response.write(shape.frame(line.slice('data: '.length)));
  }
  response.end();
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const piece of request) text += String(piece);
  return JSON.parse(text);
}

function refuse(
  response: ServerResponse,
  shape: Shape,
  status: number,
  type: string,
  message: string,
  more: Record<string, string> = {},
): void {
  const { body, headers } = shape.error(status, type, message);
  response.writeHead(status, { 'content-type': 'application/json', ...headers, ...more });
  response.end(body);
}
