import { ApiError } from '../../api-error.js';
import type { SessionState } from '../../session/session.js';
import { readLive } from '../sessions/session-deps.js';
import type { DreamsDeps } from './dream-deps.js';
import type { DreamRow } from './dream-tables.js';

/** Of a dream's session; undefined when there is none. While the log cannot tell, that is thrown. */
export async function stateOf(
  deps: DreamsDeps,
  { started_at, session_id }: DreamRow,
): Promise<SessionState | undefined> {
  if (started_at === null) return undefined;
  return (await readLive(deps, session_id).catch(ignoreMissing))?.state;
}

/** What its session stopped for, and the last error that it had. */
export async function howItEnded(
  { log }: DreamsDeps,
  { session_id }: DreamRow,
): Promise<{ reason: string; why?: string }> {
  const types = ['session.status_idle' as const, 'session.error' as const];
  const { events } = await log.getEvents(session_id, { order: 'desc', limit: 2, types });
  const idle = events.find((event) => event.type === 'session.status_idle');
  const error = events.find((event) => event.type === 'session.error');
  return { reason: idle?.stop_reason.type ?? 'terminated', ...(error && { why: error.error.message }) };
}

/** For `catch`: undefined where there is no such thing, anything else is thrown on. */
export function ignoreMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.type === 'not_found_error') return undefined;
  throw error;
}
