import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import Anthropic from '@anthropic-ai/sdk';
import { deadline } from './patience.js';

type Event = Anthropic.Beta.BetaWebhookEvent;

/** A request as it came. */
export interface Received {
  path: string;
  body: string;
  headers: Record<string, string>;
  at: number;
}

/** Somebody's server, to which webhooks are sent. */
export interface WebhookReceiver {
  url: string;
  received: Received[];
  /** How the next requests to a path are answered, one after the other; after that with 204. */
  answer(path: string, ...answers: Answer[]): void;
  /** The requests to a path, once there are so many. */
  until(path: string, count: number, patienceMs?: number): Promise<Received[]>;
  stop(): Promise<void>;
}

type Answer = number | ((response: ServerResponse) => void);

export async function startReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const answers = new Map<string, Answer[]>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    const body = await text(request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    received.push({ path, body, headers, at: performance.now() });
    const answer = answers.get(path)?.shift() ?? 204;
    if (typeof answer === 'number') response.writeHead(answer, { location: '/elsewhere' }).end();
    else answer(response);
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Listening on TCP, so not the path of a pipe.
  const { port } = server.address() as AddressInfo;
  const at = (path: string) => received.filter((one) => one.path === path);
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answer: (path, ...more) => void answers.set(path, [...(answers.get(path) ?? []), ...more]),
    async until(path, count, patienceMs = 20_000) {
      for (const isOver = deadline(patienceMs); at(path).length < count; await sleep(20)) {
        if (isOver()) throw new Error(`${at(path).length} of ${count} requests came to ${path}`);
      }
      return at(path);
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The event of a request, if the official SDK takes its signature. */
export function unwrap({ body, headers }: Received, key: string): Event {
  return new Anthropic({ apiKey: 'none' }).beta.webhooks.unwrap(body, { headers, key });
}
