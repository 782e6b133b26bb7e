import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Model, ModelOutcome, ModelRequest } from '../../src/model/model.js';
import { createOpenAIModel } from '../../src/model/openai.js';
import { ask, createListener, never, type RecordingListener } from '../contracts/model.js';

export const KEY = 'local-key-0123456789';

/** A server of chat completions that says what it is told, byte for byte, and a model that asks it. */
export interface OpenAIServer {
  model: Model;
  /** What the server does with the next requests. */
  serve: RequestListener;
  /** Samples while the server streams exactly this. */
  stream(lines: string[], request?: ModelRequest): Promise<{ outcome: ModelOutcome; heard: RecordingListener }>;
  close(): void;
}

export async function startOpenAIServer(): Promise<OpenAIServer> {
  const server = createServer((request, response) => own.serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const own: OpenAIServer = {
    model: createOpenAIModel({ baseURL, apiKey: KEY, stallMs: 400 }),
    serve: (_, response) => void response.end(),
    async stream(lines, request = ask('hi')) {
      own.serve = (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const line of lines) response.write(line);
        response.end();
      };
      const heard = createListener();
      return { outcome: await own.model.sample(request, heard, never()), heard };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return own;
}

export const data = (value: object | string): string =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
export const delta = (part: object): string => data({ choices: [{ delta: part, finish_reason: null }] });
export const finish = (finish_reason: string): string => data({ choices: [{ delta: {}, finish_reason }] });
export const calls = (...tool_calls: object[]): string => delta({ tool_calls });
export const DONE = data('[DONE]');
