import type { Answer, Exchange } from './exchange.js';

/** How a server took a token. */
export type Probed =
  | { status: 'accepted' }
  /** `answer` is undefined when there was none. */
  | { status: 'refused' | 'unclear'; method: string; answer: Answer | undefined };

/** Opens an MCP session with a token over streamable HTTP, asks for the tools, and ends it again. */
export async function probeServer(exchange: Exchange, url: string, token: string): Promise<Probed> {
  const call = (headers: Record<string, string>, message: object) => exchange(url, requestOf(token, headers, message));
  const initialized = await call({}, INITIALIZE);
  if (!isDone(initialized)) return failed('initialize', initialized);
  const session = initialized.header('mcp-session-id');
  const headers = {
    'mcp-protocol-version': agreedOn(initialized),
    ...(session !== null && { 'mcp-session-id': session }),
  };
  await call(headers, { method: 'notifications/initialized' });
  const listed = await call(headers, { id: 2, method: 'tools/list', params: {} });
  if (session !== null) await exchange(url, { method: 'DELETE', headers: { ...bearer(token), ...headers } });
  return isDone(listed) ? { status: 'accepted' } : failed('tools/list', listed);
}

const PROTOCOL = '2025-06-18';
const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'drover', version: '1' } },
};

/** The server may speak another version than was proposed, and then takes no requests of this one. */
function agreedOn({ body }: Answer): string {
  const [, version] = /"protocolVersion"\s*:\s*"([\w.-]{1,64})"/.exec(body) ?? [];
  return version ?? PROTOCOL;
}

function requestOf(token: string, headers: Record<string, string>, message: object) {
  return {
    method: 'POST',
    headers: {
      ...bearer(token),
      ...headers,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  };
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** An answer that speaks MCP: also an error of its, which it would not give to a stranger. */
function isDone(answer: Answer | undefined): answer is Answer {
  return (
    answer !== undefined && answer.status === 200 && /^(application\/json|text\/event-stream)/i.test(answer.contentType)
  );
}

/** Only the first two are about the token: a server that is busy, or not there, says nothing of it. */
function failed(method: string, answer: Answer | undefined): Probed {
  const isRefusal = answer?.status === 401 || answer?.status === 403;
  return { status: isRefusal ? 'refused' : 'unclear', method, answer };
}
