import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import type { ModelFailure, ModelOutcome, ModelUsage } from './model.js';
import { MalformedReply } from './reply.js';
import { isTooLong } from './too-long.js';

/** The stream of a reply broke off: a reset connection, a body that ended early, silence, or nonsense. */
export class BrokenStream extends Error {}

/** The outcome of a request that failed so; an error that is no upstream's is a bug, and thrown. */
export function toFailed(
  error: unknown,
  usage: ModelUsage,
  secrets: string[],
): Extract<ModelOutcome, { type: 'failed' }> {
  const failure = toModelFailure(error, Date.now());
  if (!failure) throw error;
  const message = secrets.reduce((text, key) => (key === '' ? text : text.replaceAll(key, '[key]')), failure.message);
  return { type: 'failed', error: { ...failure, message }, usage };
}

/**
 * What an upstream's error means for the session (contract: events §6, behaviours §19), or undefined when the error is no
 * upstream's. Nothing is `terminal`: a wrong key, an empty account or an oversized request can be mended by the operator
 * or by the next message, and the session should still be there then.
 */
function toModelFailure(error: unknown, now: number): ModelFailure | undefined {
  if (error instanceof BrokenStream || error instanceof MalformedReply) {
    return requestFailed(`The reply of the model's API broke off: ${error.message}.`);
  }
  if (error instanceof APIConnectionTimeoutError) return requestFailed("The model's API did not answer in time.");
  if (error instanceof APIConnectionError) {
    return requestFailed(`The model's API could not be reached (${codeOf(error.cause) ?? whyNot(error)}).`);
  }
  if (error instanceof APIError) return fromApiError(error, now);
  return undefined;
}

/** Where no socket failed, something before it did, such as the credentials of a cloud. */
function whyNot({ message }: APIConnectionError): string {
  return message === 'Connection error.' ? 'connection error' : oneLine(message).replace(/\.$/, '');
}

function requestFailed(message: string): ModelFailure {
  return { type: 'model_request_failed_error', message, disposition: 'retry' };
}

/** The system's name for what happened to the socket, from the chain of causes that fetch wraps it in. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return codeOf(cause) ?? (typeof code === 'string' ? code : undefined);
}

function fromApiError(error: APIError, now: number): ModelFailure {
  const kind = kindOf(error);
  const wish = retryAfter(error.headers, now);
  const shouldRetry = error.headers?.get('x-should-retry');
  const disposition = shouldRetry === 'false' ? 'exhausted' : kind.disposition;
  const detail = detailOf(error);
  const tooLong = isTooLong({ status: error.status, type: error.type, code: error.errorCode, message: detail });
  return {
    type: kind.type,
    message: messageOf(error, kind.type, detail),
    disposition,
    ...(tooLong ? { too_long: true } : {}),
    ...(disposition === 'retry' && wish !== undefined ? { retryAfterMs: wish } : {}),
  };
}

const SPEND_LIMITS = new Set(['contract_spend_limit_reached', 'enforced_spend_limit_reached', 'insufficient_quota']);
/** 424 is what Bedrock says when the model itself failed. */
const RETRIED = new Set([408, 409, 424, 500, 502, 503, 504]);
/** Of errors within a stream, which have no status; the longer ones are the names of Bedrock's exceptions. */
const RETRIED_TYPES = new Set([
  'api_error',
  'timeout_error',
  'internalServerException',
  'modelStreamErrorException',
  'modelTimeoutException',
  'serviceUnavailableException',
]);
const RATE_LIMITS = new Set(['rate_limit_error', 'throttlingException']);

/** The error's own type comes first: a mid-stream error has no status, since 200 had been sent. */
function kindOf({ status, type, errorCode }: APIError): Pick<ModelFailure, 'type' | 'disposition'> {
  const isBilling = status === 402 || type === 'billing_error' || (errorCode !== null && SPEND_LIMITS.has(errorCode));
  if (isBilling) return { type: 'billing_error', disposition: 'exhausted' };
  if (status === 529 || type === 'overloaded_error') return { type: 'model_overloaded_error', disposition: 'retry' };
  if (status === 429 || (type !== null && RATE_LIMITS.has(type)))
    return { type: 'model_rate_limited_error', disposition: 'retry' };
  const isPassing =
    status === undefined ? type === null || RETRIED_TYPES.has(type) : RETRIED.has(status) || status > 504;
  return { type: 'model_request_failed_error', disposition: isPassing ? 'retry' : 'exhausted' };
}

const MESSAGE_LIMIT = 500;

function messageOf(error: APIError, kind: ModelFailure['type'], text: string): string {
  const label = [error.status, error.type].filter((part) => part !== undefined && part !== null).join(' ');
  const detail = text === '' ? '' : `: ${oneLine(text)}`;
  return `${INTRO[kind]}${label === '' ? '' : ` (${label})`}${detail === '' ? '.' : detail}`;
}

/** Clouds have shapes of their own: Bedrock's is `{message}`, Google's sometimes a list of one. */
function detailOf({ apiMessage, error }: APIError): string {
  if (apiMessage !== null) return apiMessage;
  const body: unknown = Array.isArray(error) ? error[0] : error;
  const { message, error: inner } = Object(body) as { message?: unknown; error?: { message?: unknown } };
  return [message, inner?.message].find((text) => typeof text === 'string') ?? '';
}

const INTRO: Record<ModelFailure['type'], string> = {
  model_overloaded_error: "The model's API is overloaded",
  model_rate_limited_error: "The model's API limits the rate of requests",
  model_request_failed_error: "The model's API refused or failed the request",
  billing_error: "The model's API refused the request for billing reasons",
  unknown_error: 'The request to the model failed',
};

/** An upstream may quote the key it was given; its reader must not learn it. */
function oneLine(text: string): string {
  return text
    .replaceAll(/\bsk-[\w-]{8,}/g, '[key]')
    .replaceAll(/\bBearer\s+\S+/gi, 'Bearer [key]')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, MESSAGE_LIMIT);
}

/** Milliseconds from `retry-after-ms`, or `retry-after` in seconds or as a date; nothing for the past and for nonsense. */
function retryAfter(headers: Headers | undefined, now: number): number | undefined {
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (ms > 0) return Math.ceil(ms);
  const text = headers?.get('retry-after') ?? '';
  const wish = /^\s*[\d.]+\s*$/.test(text) ? Number.parseFloat(text) * 1000 : Date.parse(text) - now;
  return wish > 0 ? Math.ceil(wish) : undefined;
}
