import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../../api-error.js';
import type { Database } from '../../storage/database.js';
import { toTimestamp } from '../clock.js';
import type { WorkItemRow } from './work-tables.js';

export type Heartbeat = Anthropic.Beta.Environments.BetaSelfHostedWorkHeartbeatResponse;

export interface HeartbeatRequest {
  /** What the server last said, to the byte; `NO_HEARTBEAT` for the first. Not compared when absent. */
  expected?: string;
  desiredTtlSeconds?: number;
  /** The caller's hold on the item is over, whatever it expects. */
  isStale?: boolean;
}

/** How long a lease may be asked for, in seconds (unknowns 48). */
const SHORTEST = 15;
const LONGEST = 300;
const NO_HEARTBEAT = 'NO_HEARTBEAT';

/** Extends the lease that a worker holds; 412 when it is not the caller's. `read` gives the item as it is now. */
export async function beat(
  db: Database,
  read: () => Promise<WorkItemRow>,
  now: () => number,
  request: HeartbeatRequest,
): Promise<Heartbeat> {
  for (;;) {
    const row = await read();
    if (request.isStale === true || !isHeld(row, request.expected)) throw lost(row);
    if (row.state === 'stopped') return toHeartbeat(row, false);
    const extended = await extend(db, row, now(), request.desiredTtlSeconds);
    if (extended) return toHeartbeat(extended, true);
    // Something has changed since it was read: look again.
  }
}

function isHeld({ state, latest_heartbeat_at }: WorkItemRow, expected: string | undefined): boolean {
  if (state === 'stopping' || state === 'stopped') return true;
  if (state === 'queued') return false;
  return expected === undefined || expected === (toTimestamp(latest_heartbeat_at) ?? NO_HEARTBEAT);
}

function extend(db: Database, row: WorkItemRow, now: number, desired: number | undefined) {
  // Two heartbeats never say the same: the next one must be told from the last.
  const at = Math.max(now, (row.latest_heartbeat_at ?? 0) + 1);
  const ttl_seconds = desired === undefined ? row.ttl_seconds : Math.min(Math.max(desired, SHORTEST), LONGEST);
  return db
    .updateTable('work_items')
    .set({
      state: row.state === 'starting' ? 'active' : row.state,
      started_at: row.started_at ?? at,
      latest_heartbeat_at: at,
      lease_until: at + ttl_seconds * 1000,
      ttl_seconds,
    })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .where('latest_heartbeat_at', row.latest_heartbeat_at === null ? 'is' : '=', row.latest_heartbeat_at)
    .returningAll()
    .executeTakeFirst();
}

function toHeartbeat(row: WorkItemRow, lease_extended: boolean): Heartbeat {
  const { state, ttl_seconds, latest_heartbeat_at } = row;
  const last_heartbeat = toTimestamp(latest_heartbeat_at) ?? '';
  return { type: 'work_heartbeat', last_heartbeat, lease_extended, state, ttl_seconds };
}

function lost({ id, state, ttl_seconds, latest_heartbeat_at }: WorkItemRow): ApiError {
  const last_heartbeat = toTimestamp(latest_heartbeat_at);
  const current_state: Anthropic.Beta.Environments.BetaWorkLeaseState = {
    state,
    last_heartbeat,
    lease_extended: false,
    ttl_seconds,
  };
  const last = last_heartbeat === null ? 'there has been none' : `the last one was ${last_heartbeat}`;
  return new ApiError(
    'invalid_request_error',
    `expected_last_heartbeat: is not the last heartbeat of work item ${id}, which is ${state}: ${last}`,
    { status: 412, code: 'heartbeat_precondition_failed', details: { current_state } },
  );
}
