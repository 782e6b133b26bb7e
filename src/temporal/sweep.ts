import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { GRPC, grpcCode } from './connection.js';

const { PENDING_ACTIVITY_STATE_STARTED } = temporal.api.enums.v1.PendingActivityState;

/**
 * Takes threads back from a worker that is known to be dead: the next workflow task does not wait for its sticky queue,
 * and attempts it had started are begun again at once instead of after their heartbeat timeout.
 *
 * Only for a process that holds the exclusive lock of its data directory: its earlier self is dead.
 */
export interface Sweep {
  /** Takes one thread back, once; later calls cost nothing. */
  release(thread: string): Promise<void>;
  /** Notes that a thread began in this process: no other holds a claim on it. */
  own(thread: string): void;
}

export function createSweep(client: Client, identity: () => string): Sweep {
  const released = new Map<string, Promise<void>>();
  return {
    own: (thread) => void released.set(thread, Promise.resolve()),
    release(thread) {
      const known = released.get(thread);
      if (known) return known;
      const release = take(client, thread, identity()).catch((error: unknown) => {
        if (grpcCode(error) === GRPC.notFound) return;
        released.delete(thread);
        throw error;
      });
      released.set(thread, release);
      return release;
    },
  };
}

async function take(client: Client, workflowId: string, identity: string): Promise<void> {
  const { namespace } = client.options;
  const execution = { workflowId };
  const [{ pendingActivities }] = await Promise.all([
    client.workflowService.describeWorkflowExecution({ namespace, execution }),
    client.workflowService.resetStickyTaskQueue({ namespace, execution }),
  ]);
  for (const activity of pendingActivities ?? []) {
    if (activity.state !== PENDING_ACTIVITY_STATE_STARTED || activity.lastWorkerIdentity === identity) continue;
    await client.workflowService.respondActivityTaskFailedById({
      namespace,
      workflowId,
      activityId: activity.activityId ?? '',
      failure: { message: 'The worker that ran this attempt is gone.', applicationFailureInfo: { type: 'WorkerLost' } },
    });
  }
}
