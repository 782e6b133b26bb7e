import type { IncomingHttpHeaders } from 'node:http';
import { isNativeError } from 'node:util/types';
import { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import { isTooLong } from './too-long.js';

/**
 * The error that a chat-completions server answered with, in the shape of the Messages API's own: what it means is told
 * in one place for both. `status` is 200 for one that came within a stream.
 */
export function toApiError(status: number, body: string, headers: IncomingHttpHeaders): APIError {
  const { message, type, code, ownStatus } = read(body);
  const known = status === 200 ? ownStatus : status;
  const error = { error: { message, ...(type ? { type } : {}), details: code ? { error_code: code } : null } };
  const facts = { status: known, type: type ?? null, code: code ?? null, message };
  const isRefusal = known !== 413 && isTooLong(facts);
  // Some servers call a prompt that does not fit a failure of theirs: it would be tried again in vain.
  const told = isRefusal ? 400 : known === 503 ? OVERLOADED : known;
  return new APIError(told, error, undefined, toHeaders(headers));
}

/** Servers of this kind say 503 when they have too much to do, or are still loading the model. */
const OVERLOADED = 529;

/** The error that nothing could be sent, or nothing came. */
export function toConnectionError(error: unknown): APIConnectionError {
  return new APIConnectionError({ cause: isNativeError(error) ? error : new Error(String(error)) });
}

interface Told {
  message: string;
  type: string | undefined;
  code: string | undefined;
  ownStatus: number | undefined;
}

/** The shapes in use: `{error: {message, type, code}}`, `{error: "…"}`, `{message, type, code}`, `{detail}`, or no JSON. */
function read(body: string): Told {
  const json = Object(parse(body)) as Record<string, unknown>;
  const error = typeof json['error'] === 'object' && json['error'] !== null ? Object(json['error']) : json;
  const { message, type, code } = error as Record<string, unknown>;
  const text = [message, json['error'], json['detail'], json['message']].find((one) => typeof one === 'string');
  const status = Number(code);
  return {
    message: text ?? body.replaceAll(/<[^>]*>/g, ' '),
    type: typeof type === 'string' ? type : undefined,
    code: typeof code === 'string' ? code : undefined,
    ownStatus: status >= 400 && status < 600 ? status : undefined,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function toHeaders(headers: IncomingHttpHeaders): Headers {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  );
  return new Headers(pairs);
}
