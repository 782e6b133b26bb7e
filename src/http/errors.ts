import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import { MAX_BODY_BYTES } from './body.js';

/** Told of every error that is not the caller's; the response says no more than that there was one. */
export type ReportError = (error: unknown, request: { id: string; method: string; path: string }) => void;

/** The error envelope. */
export interface ErrorBody {
  type: 'error';
  error: { type: string; message: string; details?: { error_code: string; [more: string]: unknown } };
  request_id: string;
}

/** Turns whatever was thrown into a response. Nothing of an unexpected error leaves the server but its request id. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, report: ReportError): void {
  const known = toApiError(error, request.routeOptions?.bodyLimit);
  if (!known) report(error, { id: request.id, method: request.method, path: loggedPath(request) });
  const shown = known ?? new ApiError('api_error', 'Internal server error.');
  if (shown.retryAfter !== undefined) reply.header('retry-after', String(shown.retryAfter));
  if (HOPELESS.has(shown.type)) reply.header('x-should-retry', 'false');
  void reply.status(shown.status).type('application/json').send(toErrorBody(shown, request.id));
}

export function toErrorBody(error: ApiError, requestId: string): ErrorBody {
  const { type, message, code, details, fields } = error;
  const named = code === undefined ? {} : { details: { error_code: code, ...details } };
  return { type: 'error', error: { type, message: shorten(message), ...named, ...fields }, request_id: requestId };
}

const MAX_MESSAGE = 2_000;
const MB = 1024 * 1024;

/** What was sent may be quoted in a message, and may be megabytes. */
function shorten(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE).toWellFormed()}…`;
}

/** Where no key is needed the path itself may give the right: of such a route a log has the form alone. */
function loggedPath({ routeOptions, url }: FastifyRequest): string {
  const form = routeOptions?.config?.open ? routeOptions.url : undefined;
  return form ?? pathOf(url);
}

/** The path alone: a query may carry what should not be in a log. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** SDKs repeat 409 and everything from 500 on; these a repetition cannot mend. */
const HOPELESS: ReadonlySet<string> = new Set([
  'conflict_error',
  'memory_precondition_failed_error',
  'memory_path_conflict_error',
  'not_implemented_error',
]);

function toApiError(error: unknown, bodyLimit = MAX_BODY_BYTES): ApiError | undefined {
  if (error instanceof ApiError) return error;
  const status = clientFault(error);
  if (status === undefined) return undefined;
  if (status === 413) {
    const most = bodyLimit < MB ? `${bodyLimit} bytes` : `${bodyLimit / MB} MB`;
    return new ApiError('request_too_large', `The request body is too large: ${most} at most.`);
  }
  return new ApiError('invalid_request_error', 'The request could not be read.');
}

/** What the HTTP layer itself refuses carries a status of its own. */
function clientFault(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
