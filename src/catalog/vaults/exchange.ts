import type { IncomingMessage } from 'node:http';
import type Anthropic from '@anthropic-ai/sdk';
import type { Outbound, OutboundRequest } from '../../net/outbound.js';

export type SeenResponse = Anthropic.Beta.Vaults.BetaManagedAgentsRefreshHTTPResponse;

/** What a server answered. */
export interface Answer {
  status: number;
  contentType: string;
  /** At most 64 KB of it. */
  body: string;
  isCut: boolean;
  header(name: string): string | null;
}

/**
 * Asks a server that a credential names. Undefined when it cannot be reached, may not be, or is too slow. No redirect is
 * followed: what was meant for one server would go to another.
 */
export type Exchange = (url: string, request: Omit<OutboundRequest, 'signal'>) => Promise<Answer | undefined>;

export function createExchange(outbound: Outbound): Exchange {
  return async (url, request) => {
    try {
      const response = await outbound(url, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
      const { text, isCut } = await readSome(response);
      // An answer that was received has one.
      const status = response.statusCode ?? 0;
      const header = (name: string): string | null => response.headers[name]?.toString() ?? null;
      return { status, contentType: header('content-type') ?? '', body: text, isCut, header };
    } catch {
      return undefined;
    }
  };
}

/** An answer as it may be shown: cut (unknowns 96), and without anything of the secrets. */
export function showAnswer({ status, contentType, body, isCut }: Answer, secrets: readonly string[]): SeenResponse {
  const forms = secrets.filter((secret) => secret !== '').flatMap(formsOf);
  // Half a secret at the place where reading stopped would not be found.
  const longest = Math.max(0, ...forms.map((form) => form.length));
  const whole = blank(isCut ? body.slice(0, Math.max(0, body.length - longest)) : body, forms);
  return {
    status_code: status,
    content_type: blank(contentType, forms).slice(0, 200),
    body: whole.slice(0, SHOWN).toWellFormed(),
    body_truncated: isCut || whole.length > SHOWN,
  };
}

/** As a form writes it (RFC 6749 appendix B). */
export function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

const PATIENCE_MS = 10_000;
const MAX_READ = 64 * 1024;
const SHOWN = 4_096;
const BLANK = '[redacted]';

async function readSome(response: IncomingMessage): Promise<{ text: string; isCut: boolean }> {
  const isEvents = response.statusCode === 200 && (response.headers['content-type'] ?? '').startsWith(EVENTS);
  const decoder = new TextDecoder();
  let text = '';
  let read = 0;
  for await (const piece of response) {
    // No encoding is set on it.
    const chunk = piece as Buffer;
    read += chunk.length;
    text += decoder.decode(chunk.subarray(0, chunk.length - Math.max(0, read - MAX_READ)), { stream: true });
    // A stream of events may stay open for good; the first of them answers. Leaving the loop ends the response.
    if (read > MAX_READ || (isEvents && /\r?\n\r?\n/.test(text))) return { text, isCut: true };
  }
  return { text, isCut: false };
}

const EVENTS = 'text/event-stream';

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
  const json = JSON.stringify(secret).slice(1, -1);
  // Some write JSON with a slash escaped.
  return [secret, encodeURIComponent(secret), formEncode(secret), json, json.replaceAll('/', '\\/'), ...encoded];
}

/** Also what names itself a token, in JSON or a form: a server may answer with new ones that we have not heard of. */
function blank(text: string, forms: readonly string[]): string {
  const known = forms
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, form) => rest.replaceAll(form, BLANK), text);
  return known.replaceAll(IN_JSON, `$1${BLANK}`).replaceAll(IN_FORM, `$1${BLANK}`);
}

const IN_JSON =
  /((?:access_token|refresh_token|id_token|client_secret)\\{0,3}(["'])\s*:\s*\\{0,3}\2)(?:(?!\\{0,3}\2).)*/gs;
const IN_FORM = /((?:access_token|refresh_token|id_token|client_secret)=)[^&\s"'<]*/g;
