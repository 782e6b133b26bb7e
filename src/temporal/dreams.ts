import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { DreamInput } from '../../activities/dreams.js';
import { withPatience } from './patience.js';
import { TASK_QUEUE } from './task-queue.js';

/** Hands a dream over to Temporal; one that it has, or had, is left to it. */
export function createStartDream(client: Client): (dream: DreamInput) => Promise<void> {
  return async (dream) => {
    const start = () =>
      client.workflow.start('dream', {
        workflowId: dream.dream_id,
        taskQueue: TASK_QUEUE,
        workflowTaskTimeout: '3s',
        args: [dream],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      });
    try {
      await withPatience(client, start);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}
