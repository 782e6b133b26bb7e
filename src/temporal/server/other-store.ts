import type { Connection } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { StartError } from '../../config/start-error.js';
import { TASK_QUEUE } from '../task-queue.js';
import { storeOf } from '../worker-identity.js';

/** Throws a StartError where the worker of another store is at work in the namespace: each would take the other's work. */
export async function refuseOtherStore(connection: Connection, namespace: string, store: string): Promise<void> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  const atWork = pollers.filter(({ lastAccessTime }) => Date.now() - tsToMs(lastAccessTime) < ALIVE_MS);
  const others = atWork.map(({ identity }) => storeOf(identity ?? ''));
  const other = others.find((one) => one !== undefined && one !== store);
  if (other === undefined) return;
  throw new StartError(
    `DROVER_TEMPORAL_NAMESPACE: the Drover of another data directory (its id is ${other}) is at work in namespace ` +
      `${namespace}, or was a minute ago, and each would take the other's work; give each a namespace of its own`,
  );
}

/** A worker that waits for work asks anew each minute. */
const ALIVE_MS = 90_000;
