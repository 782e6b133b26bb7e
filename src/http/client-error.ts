import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../api-error.js';
import { toErrorBody } from './errors.js';
import { newRequestId } from './request-id.js';

/** Answers what is no HTTP request, with the envelope as everywhere, and closes the connection. */
export function sendClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') socket.write(toResponse(toApiError(error.code ?? 'unknown')));
  socket.destroy();
}

function toApiError(code: string): ApiError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiError('invalid_request_error', 'The headers of the request are too large.', { status: 431 });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError('timeout_error', 'The request did not arrive in time.', { status: 408 });
    case 'HPE_INVALID_METHOD':
      return new ApiError('invalid_request_error', 'There is no such method.');
    default:
      return new ApiError('invalid_request_error', 'This is not an HTTP request.');
  }
}

function toResponse(error: ApiError): string {
  const id = newRequestId();
  const body = JSON.stringify(toErrorBody(error, id));
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `request-id: ${id}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
