import { ApiError } from '../../api-error.js';
import type { WorkItemRow } from './work-tables.js';
import { claimWork, RECLAIM_MS } from './work-claim.js';
import type { WorkDeps } from './work-deps.js';
import { beat, type Heartbeat, type HeartbeatRequest } from './work-lease.js';
import { type LiveWork, toWork, type WorkItem, type WorkRef } from './work-row.js';
import { createPollers } from './work-stats.js';
import { toSecret } from './work-token.js';

export interface PollRequest {
  /** The key of who asks. */
  keyId: string;
  /** How long to wait for work; not at all when absent. */
  blockMs?: number;
  reclaimOlderThanMs?: number;
  workerId?: string;
  /** Raised when nobody waits for the answer any more. */
  signal: AbortSignal;
}

/** What workers do with the items of a queue. */
export interface WorkHolding {
  /** Claims the oldest item, with its secret; null when there is none. */
  poll(environmentId: string, request: PollRequest): Promise<WorkItem | null>;
  /** Takes a claimed item out of the queue. The holder may repeat it. */
  ack(ref: WorkRef, holder: { isStale?: boolean }): Promise<WorkItem>;
  heartbeat(ref: WorkRef, request: HeartbeatRequest): Promise<Heartbeat>;
}

export function createWorkHolding(deps: WorkDeps, live: LiveWork): WorkHolding {
  const { db, workspace, now } = deps;
  const pollers = createPollers(db, workspace);
  return {
    async poll(environmentId, request) {
      await live.openQueue(environmentId);
      if (request.workerId !== undefined) await pollers.note(environmentId, request.workerId, now());
      return poll(deps, live, environmentId, request);
    },
    async ack(ref, { isStale = false }) {
      const row = await live.read(ref);
      if (isStale) throw taken(row);
      return toWork((await acknowledge(deps, row)) ?? repeated(await live.read(ref)));
    },
    heartbeat: (ref, request) => beat(db, () => live.read(ref), now, request),
  };
}

async function poll(
  { db, bell, now }: WorkDeps,
  live: LiveWork,
  environmentId: string,
  { keyId, blockMs = 0, reclaimOlderThanMs = RECLAIM_MS, signal }: PollRequest,
): Promise<WorkItem | null> {
  // Not the catalog's clock: the caller waits by that of the world.
  const deadline = performance.now() + blockMs;
  while (!signal.aborted) {
    const listener = bell.listen(environmentId);
    try {
      const claim = await claimWork(db, { environmentId, keyId, reclaimOlderThanMs, now: now() });
      if (claim) return toWork(claim.row, toSecret(claim.token));
      const left = deadline - performance.now();
      if (left <= 0) return null;
      await listener.wait(left, signal);
    } finally {
      listener.stop();
    }
    await live.endLapsed(environmentId);
  }
  return null;
}

function acknowledge({ db, now }: WorkDeps, { id, ttl_seconds }: WorkItemRow): Promise<WorkItemRow | undefined> {
  const at = now();
  return db
    .updateTable('work_items')
    .set({ state: 'starting', acknowledged_at: at, lease_until: at + ttl_seconds * 1000 })
    .where('id', '=', id)
    .where('state', '=', 'queued')
    .where('claimed_at', 'is not', null)
    .returningAll()
    .executeTakeFirst();
}

/** Once more by who has it. Who has lost it is told so at its first heartbeat: pollers all bear the same key. */
function repeated(row: WorkItemRow): WorkItemRow {
  if (row.state === 'starting') return row;
  throw taken(row);
}

function taken({ id, state }: WorkItemRow): ApiError {
  return new ApiError('conflict_error', `Work item ${id} cannot be acknowledged: it is ${state}, or another's.`);
}
