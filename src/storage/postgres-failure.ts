import { ApiError } from '../api-error.js';

/** What a failure of `pg` means for whoever asks. What is not about the server's state stays as it is. */
export function explainFailure(error: unknown): unknown {
  const code = codeOf(error);
  if (GONE.has(code) || LOST.some((start) => code.startsWith(start)) || isCutOff(error)) {
    return new ApiError('unavailable_error', 'The database cannot be reached.', { retryAfter: 1 });
  }
  if (code.startsWith(NO_ROOM)) {
    return new ApiError('unavailable_error', 'The database has no room left. Nothing was changed.', { retryAfter: 5 });
  }
  if (code === NOT_TEXT) {
    return new ApiError('invalid_request_error', 'Text must not contain the character U+0000.');
  }
  return error;
}

/** Whether a transaction failed only because others ran at the same time, so that it may be tried again. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error));
}

/** Whether a row is there already. In a transaction that had looked, it has come since. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === DUPLICATE;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const NO_ROOM = '53';
const NOT_TEXT = '22021';
const DUPLICATE = '23505';
const CONFLICTS = new Set(['40001', '40P01']);
/** Connection exceptions, and a server that is shut down, has crashed, or starts. */
const LOST = ['08', '57P0'];
/** A standby after a failover; and what the network says. */
const GONE = new Set([
  '25006',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** `pg` and its pool have no codes for these. */
function isCutOff(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/.test(
      error.message,
    )
  );
}
