import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { FloorEvent } from './protocol.js';

export interface FloorApi {
  create(): Promise<string>;
  /** Resolves when the message is committed. */
  send(sessionId: string, text: string): Promise<void>;
}

export interface FloorServer {
  url: string;
  tell(sessionId: string, event: FloorEvent): void;
}

/** The three requests that a turn needs, as the official SDK makes them. */
export async function serveFloor(api: FloorApi): Promise<FloorServer> {
  const streams = new Map<string, Set<ServerResponse>>();
  const server = createServer((request, response) => {
    handle(api, streams, request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on TCP, so not the path of a pipe.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tell(sessionId, event) {
      const frame = `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
      for (const stream of streams.get(sessionId) ?? []) stream.write(frame);
    },
  };
}

async function handle(
  api: FloorApi,
  streams: Map<string, Set<ServerResponse>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, , , id, , isStream] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
  if (id === undefined) return answer(response, { id: await api.create() });
  if (isStream === undefined) {
    const { events } = await readJson(request);
    await api.send(id, events[0]?.content[0]?.text ?? '');
    return answer(response, { data: events });
  }
  const open = streams.get(id) ?? new Set();
  streams.set(id, open.add(response));
  response.once('close', () => open.delete(response));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
}

async function readJson(request: IncomingMessage): Promise<{ events: { content: { text: string }[] }[] }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // Without an encoding, chunks are buffers.
  return JSON.parse(Buffer.concat(chunks).toString());
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
