import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { WebhookDelivery } from '../../activities/deliver-webhook.js';
import type { Delivery } from '../webhooks/webhooks.js';
import { WEBHOOK_QUEUE } from './task-queue.js';

/** The workflow's type. */
export const DELIVERY = 'deliverWebhook';

const PATIENCE_MS = 10_000;

/** Hands a delivery over to Temporal; one that it has, or had, is left to it. */
export function createStartDelivery(client: Client, retryMs: number): (delivery: Delivery) => Promise<void> {
  return async (delivery) => {
    const { event_id, endpoint_id, body } = delivery;
    const input: WebhookDelivery = { event_id, endpoint_id, body, retry_ms: retryMs };
    const start = () =>
      client.workflow.start(DELIVERY, {
        workflowId: `${event_id}/${endpoint_id}`,
        taskQueue: WEBHOOK_QUEUE,
        workflowTaskTimeout: '3s',
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      });
    try {
      await client.withDeadline(Date.now() + PATIENCE_MS, start);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}
