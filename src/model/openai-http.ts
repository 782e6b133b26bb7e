import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BrokenStream, codeOf } from './failure.js';

/**
 * Posts JSON and gives the response once its headers are there. Node's own client and not `fetch`, which gives up after
 * five minutes without headers: a model on a small machine may read a long prompt for longer.
 */
export function post(url: string, body: string, headers: Record<string, string>, signal: AbortSignal) {
  return open('POST', url, { ...headers, 'content-type': 'application/json' }, body, signal);
}

/** Gets, and gives the response once its headers are there. */
export function get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
  return open('GET', url, headers, '', signal);
}

const AGENTS = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

function open(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isPlain = url.startsWith('http:');
  const agent = isPlain ? AGENTS.http : AGENTS.https;
  return new Promise((resolve, reject) => {
    const sent = (isPlain ? httpRequest : httpsRequest)(url, {
      method,
      agent,
      signal,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    sent.once('response', resolve).once('error', reject).end(body);
  });
}

/** The whole body as text, cut at the limit. */
export async function readBody(response: IncomingMessage, limit: number): Promise<string> {
  let text = '';
  for await (const piece of pieces(response)) {
    text += piece;
    if (text.length > limit) break;
  }
  return text;
}

/** The data of each server-sent event, comments as undefined: they too are signs of life. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<string | undefined> {
  let rest = '';
  for await (const piece of pieces(response)) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? '';
    // A chat-completions server has each message on one line.
    for (const line of lines) yield line.startsWith('data:') ? line.slice('data:'.length).trim() : undefined;
  }
  if (rest.startsWith('data:')) yield rest.slice('data:'.length).trim();
}

async function* pieces(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  try {
    // With an encoding set, a response gives strings.
    for await (const piece of response) yield piece as string;
  } catch (error) {
    throw new BrokenStream(codeOf(error) ?? 'connection lost', { cause: error });
  }
}
