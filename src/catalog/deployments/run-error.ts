import { ApiError } from '../../api-error.js';
import type { PausedReason } from './deployment-row.js';
import type { RunError } from './run-row.js';

type PausingError = Extract<PausedReason, { type: 'error' }>['error']['type'];

/** Why a session could not be made, as its run tells it; undefined when it may be otherwise the next time. */
export function toRunError(error: unknown): RunError | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { message, fault, type, status } = error;
  if (fault !== undefined) return { type: `${fault}_error`, message };
  if (type === 'rate_limit_error') return { type: 'session_rate_limited_error', message };
  if (type === 'not_found_error') return { type: 'session_resource_not_found_error', message };
  return status < 500 ? { type: 'session_creation_rejected_error', message } : undefined;
}

/** What a run says whose session could not be made for a reason that nobody knows. */
export const UNKNOWN_ERROR: RunError = {
  type: 'unknown_error',
  message: 'The session could not be created because of an unexpected error.',
};

/** What would be the same the next time, so that the deployment is paused (behaviours §14). */
export function pausingError({ type }: RunError): PausingError | undefined {
  return type === 'session_rate_limited_error' || type === 'session_creation_rejected_error' ? undefined : type;
}
