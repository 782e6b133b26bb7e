import { ApiError } from '../api-error.js';

/** `unavailable_error` when the store did not answer, or could not just now; anything else as it is. */
export function explainOutage(error: unknown): unknown {
  if (!wasAttempt(error)) return error;
  const status = statusOf(error);
  const isOutage = status === undefined ? !/Credential/.test(error.name) : status >= 500 || status === 429;
  if (!isOutage) return error;
  return new ApiError('unavailable_error', 'The store of the files cannot be reached, or takes nothing now.', {
    retryAfter: 5,
  });
}

/** Of the answer, when there was one. */
export function statusOf(error: unknown): number | undefined {
  return wasAttempt(error) ? error.$metadata.httpStatusCode : undefined;
}

/** What the client rejects with once it has tried to send a request; attempts are always noted. */
interface Attempted {
  name: string;
  $metadata: { httpStatusCode?: number };
}

function wasAttempt(error: unknown): error is Attempted {
  return typeof error === 'object' && error !== null && '$metadata' in error && typeof error.$metadata === 'object';
}
