import { ApiError } from '../api-error.js';
import { errorCode } from '../error-code.js';

/** What a failure of `pg` means for whoever asks. What is not about the server's state stays as it is. */
export function explainFailure(error: unknown): unknown {
  const code = errorCode(error) ?? '';
  if (isLost(error) || code === STANDBY) {
    return unavailable('The database cannot be reached.', error);
  }
  if (code === TOO_MANY) return unavailable('The database takes no more connections.', error);
  if (code === CANCELED) return unavailable('The database took too long.', error);
  if (code.startsWith(NO_ROOM)) {
    return new ApiError('unavailable_error', 'The database has no room left. Nothing was changed.', { retryAfter: 5 });
  }
  if (code === NOT_TEXT) {
    return new ApiError('invalid_request_error', 'Text must not contain the character U+0000.');
  }
  return error;
}

/** Who starts a server wants to know more than its clients are told. */
function unavailable(message: string, cause: unknown): ApiError {
  return Object.assign(new ApiError('unavailable_error', message, { retryAfter: 1 }), { cause });
}

/** Whether the connection is of no use any more. What it was asked for last may have been done. */
export function isLost(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return error === LOST_CONNECTION || GONE.has(code) || LOST.some((start) => code.startsWith(start)) || isCutOff(error);
}

/** What follows on a connection that is lost. */
export const LOST_CONNECTION = new Error('Connection terminated');

/** Whether a transaction failed only because others ran at the same time, so that it may be tried again. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(errorCode(error) ?? '');
}

/** Whether a row is there already. In a transaction that had looked, it has come since. */
export function isDuplicate(error: unknown): boolean {
  return errorCode(error) === DUPLICATE;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const NO_ROOM = '53';
const TOO_MANY = '53300';
/** By a limit that its administrator has set. */
const CANCELED = '57014';
/** What was the primary server is read only after a failover. */
const STANDBY = '25006';
const NOT_TEXT = '22021';
const DUPLICATE = '23505';
const CONFLICTS = new Set(['40001', '40P01']);
/** Connection exceptions; a server that is shut down, has crashed, or starts; what waited too long in a transaction. */
const LOST = ['08', '57P0', '25P03'];
/** What the network says. */
const GONE = new Set([
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

/** `pg` and its pool have no codes for these. */
function isCutOff(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/.test(
      error.message,
    )
  );
}
