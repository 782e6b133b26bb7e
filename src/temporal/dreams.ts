import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { DreamInput } from '../../activities/dreams.js';
import { withPatience } from './patience.js';
import { TASK_QUEUE } from './task-queue.js';

/** The workflow's type. */
export const DREAM = 'dream';

/** Hands a dream over to Temporal; one that it has is left to it. One whose workflow somebody has ended there begins again where it was. */
export function createStartDream(client: Client): (dream: DreamInput) => Promise<void> {
  return async (dream) => {
    const start = () =>
      client.workflow.start(DREAM, {
        workflowId: dream.dream_id,
        taskQueue: TASK_QUEUE,
        workflowTaskTimeout: '3s',
        args: [dream],
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      });
    try {
      await withPatience(client, start);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}
