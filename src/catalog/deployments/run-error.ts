import { ApiError } from '../../api-error.js';
import type { PausedReason } from './deployment-row.js';
import type { RunError } from './run-row.js';

type PausingError = Extract<PausedReason, { type: 'error' }>['error']['type'];

/** Why a session could not be made, as its run tells it; undefined when it may be otherwise the next time. */
export function toRunError(error: unknown): RunError | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { message, code, type, status } = error;
  const known = code === undefined ? undefined : OF_CODE[code];
  if (known) return { type: known, message };
  if (type === 'rate_limit_error') return { type: 'session_rate_limited_error', message };
  if (type === 'not_found_error') return { type: 'session_resource_not_found_error', message };
  return status < 500 ? { type: 'session_creation_rejected_error', message } : undefined;
}

/** By the reason that the refusal of a session's creation names. */
const OF_CODE: Readonly<Record<string, RunError['type']>> = {
  agent_archived: 'agent_archived_error',
  environment_archived: 'environment_archived_error',
  environment_not_found: 'environment_not_found_error',
  file_expired: 'file_not_found_error',
  file_not_found: 'file_not_found_error',
  mcp_egress_blocked: 'mcp_egress_blocked_error',
  memory_store_archived: 'memory_store_archived_error',
  memory_store_not_found: 'session_resource_not_found_error',
  self_hosted_resources_unsupported: 'self_hosted_resources_unsupported_error',
  skill_not_found: 'skill_not_found_error',
  vault_archived: 'vault_archived_error',
  vault_not_found: 'vault_not_found_error',
  workspace_archived: 'workspace_archived_error',
};

/** What a run says whose session could not be made for a reason that nobody knows. */
export const UNKNOWN_ERROR: RunError = {
  type: 'unknown_error',
  message: 'The session could not be created because of an unexpected error.',
};

/** What would be the same the next time, so that the deployment is paused (behaviours §14). */
export function pausingError({ type }: RunError): PausingError | undefined {
  return type === 'session_rate_limited_error' || type === 'session_creation_rejected_error' ? undefined : type;
}
