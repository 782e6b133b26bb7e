import type { Sent } from './request.js';
import type { Answer } from './transport.js';

/** What is wrong with an answer; undefined when nothing is. */
export function faultOf(sent: Sent, answer: Answer): string | undefined {
  const { status } = answer;
  if (status === 0) return mayHangUp(sent) ? undefined : 'the server hung up';
  if (sent.status !== undefined && status !== sent.status && !isBusy(answer)) return `not ${sent.status}`;
  if (status >= 500 && status !== 501 && !isBusy(answer)) return 'not the caller’s fault';
  if (status === 501 && sent.status !== 501 && !MAY_LEAD_ELSEWHERE.has(sent.odd)) return 'not available';
  if (sent.method === 'HEAD') return answer.text === '' ? undefined : 'a body';
  return status === 200 ? faultOfResult(answer) : faultOfEnvelope(sent, answer);
}

/** The server asks to come again, and says when. */
export function isBusy({ status, headers }: Answer): boolean {
  return status === 503 && headers['retry-after'] !== undefined && headers['x-should-retry'] === undefined;
}

/** What is refused by its first bytes may be cut off while the rest is still being sent. */
function mayHangUp({ odd }: Sent): boolean {
  return odd === 'method' || odd === 'headers';
}

const MAY_LEAD_ELSEWHERE: ReadonlySet<Sent['odd']> = new Set(['path', 'method', 'headers']);

function faultOfResult({ headers, text }: Answer): string | undefined {
  if (headers['content-type']?.startsWith('text/event-stream') === true) return undefined;
  // A download: `text` is not what its bytes are.
  if (headers['content-disposition']?.startsWith('attachment') === true) return undefined;
  if (headers['content-type'] !== JSON_TYPE) return 'no JSON';
  return typeof parse(text) === 'object' ? undefined : 'no result';
}

const JSON_TYPE = 'application/json; charset=utf-8';

function faultOfEnvelope(sent: Sent, { status, headers, text }: Answer): string | undefined {
  if (headers['content-type'] !== JSON_TYPE) return 'no JSON';
  const body = parse(text);
  const message = messageOf(body);
  if (message === undefined || Object.keys(Object(body)).toSorted().join() !== 'error,request_id,type') {
    return 'no envelope';
  }
  if (Reflect.get(Object(body), 'request_id') !== headers['request-id']) return 'no request id';
  if (message.length > 2_001) return 'too many words';
  if (status === 400 && IN_BODY.has(sent.odd) && !NAMES_FIELD.test(message)) return 'names no field';
  return undefined;
}

const IN_BODY: ReadonlySet<Sent['odd']> = new Set(['body', 'bytes', 'spoiled']);

/** A path with its colon, the body as a whole, or the session whose state does not allow it. */
const NAMES_FIELD =
  /^([a-z_]+(\.[^:]*)?: |The request body |The request body: |[Tt]he session |session |budget\.max_list_cost )./s;

function messageOf(body: unknown): string | undefined {
  const { type, error } = Object(body) as { type?: unknown; error?: unknown };
  const { type: kind, message } = Object(error) as { type?: unknown; message?: unknown };
  if (type !== 'error' || typeof kind !== 'string' || typeof message !== 'string' || message === '') return undefined;
  return message;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
