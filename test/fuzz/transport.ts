import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Sent } from './request.js';

export interface Answer {
  /** 0 when the server hung up before it said anything. */
  status: number;
  headers: IncomingHttpHeaders;
  /** Of a stream that opens nothing is read. */
  text: string;
}

export interface Transport {
  /** Rejects when there is no answer in time. */
  send(sent: Sent): Promise<Answer>;
  close(): void;
}

/** HTTP as it is written: unlike `fetch`, it changes no path, method or header. */
export function createTransport(url: string, limits: { atOnce: number; patienceMs: number }): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: limits.atOnce });
  const { hostname, port } = new URL(url);
  const attempt = ({ method, path, headers, body }: Sent): Promise<Answer | 'again'> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ agent, hostname, port, method, path, headers: withLength(headers, body) });
      const timer = setTimeout(() => {
        reject(new Error(`no answer within ${limits.patienceMs} ms`));
        outgoing.destroy();
      }, limits.patienceMs);
      outgoing.on('response', (incoming) => {
        read(incoming).then(resolve, () => resolve(HUNG_UP));
      });
      // The server may have closed a kept connection just as it was used again, as every server may.
      outgoing.on('error', () => resolve(outgoing.reusedSocket ? 'again' : HUNG_UP));
      outgoing.on('close', () => clearTimeout(timer));
      outgoing.end(body);
    });
  return {
    async send(sent) {
      const answer = await attempt(sent);
      if (answer !== 'again') return answer;
      return attempt({ ...sent, headers: { ...sent.headers, connection: 'close' } }).then((second) =>
        second === 'again' ? HUNG_UP : second,
      );
    },
    close: () => agent.destroy(),
  };
}

const HUNG_UP: Answer = { status: 0, headers: {}, text: '' };

/** A body of any method is announced; Node would leave that out for some. */
function withLength(headers: Sent['headers'], body: Sent['body']): Sent['headers'] {
  if (body === undefined || headers['transfer-encoding'] !== undefined) return headers;
  return { 'content-type': 'application/json', ...headers, 'content-length': String(Buffer.byteLength(body)) };
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = incoming;
  if (headers['content-type']?.startsWith('text/event-stream') === true) {
    incoming.destroy();
    return { status, headers, text: '' };
  }
  const pieces: string[] = [];
  for await (const piece of incoming.setEncoding('utf8')) pieces.push(String(piece));
  return { status, headers, text: pieces.join('') };
}
