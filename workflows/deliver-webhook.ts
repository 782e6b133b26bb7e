import { proxyActivities, sleep } from '@temporalio/workflow';
import type { WebhookActivities, WebhookDelivery } from '../activities/deliver-webhook.js';

/** Brings one event to one endpoint, in at most three attempts. Its result says how that ended. */
export async function deliverWebhook({ retry_ms, ...delivery }: WebhookDelivery): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const result = await attemptWebhook(delivery, attempt === ATTEMPTS);
    if (result.is_over) return result.outcome;
    await sleep(delayOf(attempt, retry_ms));
  }
}

const ATTEMPTS = 3;

/** From the shortest delay to 24 times that: each attempt's lies in a stretch of its own, by chance. */
function delayOf(attempt: number, shortestMs: number): number {
  return Math.round(shortestMs * 24 ** ((attempt - 1 + Math.random()) / (ATTEMPTS - 1)));
}

const { attemptWebhook } = proxyActivities<WebhookActivities>({
  // Of an attempt that was cut off nobody knows whether it arrived: it is made again, and is not counted.
  startToCloseTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '1 minute' },
});
