import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An MCP server and the OAuth server that guards it, on one loopback port. A refresh token is good for one exchange. */
export interface OAuthServer {
  url: string;
  accessToken: string;
  refreshToken: string;
  clientSecret: string;
  /** What was asked, in order: `initialize`, `tools/list`, `token …`. */
  asked: string[];
  /** The forms that came to the token endpoint. */
  forms: URLSearchParams[];
  /** No access token that was given so far is good any more. */
  expire(): void;
  /** From now on answered in place of what would be. */
  answerWith(path: '/mcp' | '/token', answer: ((response: ServerResponse) => void) | undefined): void;
  stop(): Promise<void>;
}

export const CLIENT_ID = 'client:1';
/** The one version of MCP that it speaks; not the one that is proposed to it. */
const PROTOCOL = '2025-11-25';

export async function startOAuthServer(options: { auth: 'none' | 'client_secret_basic' | 'client_secret_post' }) {
  const overrides = new Map<string, (response: ServerResponse) => void>();
  const state = {
    accessToken: `at-${randomUUID()}`,
    refreshToken: `rt-${randomUUID()}`,
    clientSecret: `cs+/&=-${randomUUID()}`,
    good: '',
    asked: [] as string[],
    forms: [] as URLSearchParams[],
  };
  state.good = state.accessToken;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    if (request.url === '/token') state.asked.push('token');
    const override = overrides.get(request.url ?? '');
    if (override) override(response);
    else if (request.url === '/token') exchangeToken(request, response, body);
    else answerMcp(request, response, body);
  };
  const server = createServer((request, response) => void answer(request, response));

  function exchangeToken(request: IncomingMessage, response: ServerResponse, body: string) {
    const form = new URLSearchParams(body);
    state.forms.push(form);
    if (!knowsClient(request, form)) return json(response, 401, { error: 'invalid_client' });
    const isGood = form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === state.refreshToken;
    if (!isGood) return json(response, 400, { error: 'invalid_grant', hint: `got ${form.get('refresh_token')}` });
    state.good = state.accessToken = `at-${randomUUID()}`;
    state.refreshToken = `rt-${randomUUID()}`;
    const { accessToken: access_token, refreshToken: refresh_token } = state;
    return json(response, 200, { access_token, refresh_token, token_type: 'bearer', expires_in: 3600 });
  }

  function knowsClient(request: IncomingMessage, form: URLSearchParams): boolean {
    if (options.auth === 'client_secret_basic') {
      const [, basic = ''] = (request.headers.authorization ?? '').split(' ');
      const parts = Buffer.from(basic, 'base64').toString().split(':');
      const [id, secret] = parts.map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
      return parts.length === 2 && id === CLIENT_ID && secret === state.clientSecret && !form.has('client_secret');
    }
    const secret = options.auth === 'none' ? null : state.clientSecret;
    return form.get('client_id') === CLIENT_ID && form.get('client_secret') === secret;
  }

  function answerMcp(request: IncomingMessage, response: ServerResponse, body: string) {
    if (request.method === 'DELETE') return response.writeHead(204).end();
    const message: { id?: number; method: string } = JSON.parse(body);
    state.asked.push(message.method);
    if (request.headers.authorization !== `Bearer ${state.good}` || state.good === '') {
      return json(response, 401, { error: 'invalid_token', seen: request.headers.authorization });
    }
    if (message.method === 'initialize') {
      const result = {
        protocolVersion: PROTOCOL,
        capabilities: { tools: {} },
        serverInfo: { name: 't', version: '1' },
      };
      return json(response, 200, { jsonrpc: '2.0', id: message.id, result }, { 'mcp-session-id': 'session-1' });
    }
    if (request.headers['mcp-session-id'] !== 'session-1') return json(response, 400, { error: 'no session' });
    if (request.headers['mcp-protocol-version'] !== PROTOCOL) return json(response, 400, { error: 'no such version' });
    if (message.id === undefined) return response.writeHead(202).end();
    // A stream that stays open after the answer.
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { tools: [] } })}\n\n`);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // Listening on TCP, so not the path of a pipe.
  const { port } = server.address() as AddressInfo;
  const found: OAuthServer = {
    url: `http://127.0.0.1:${port}`,
    get accessToken() {
      return state.accessToken;
    },
    get refreshToken() {
      return state.refreshToken;
    },
    clientSecret: state.clientSecret,
    asked: state.asked,
    forms: state.forms,
    expire: () => void (state.good = ''),
    answerWith: (path, answer) => void (answer ? overrides.set(path, answer) : overrides.delete(path)),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return found;
}

function json(response: ServerResponse, status: number, value: object, headers: Record<string, string> = {}) {
  return response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}
