import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Attempt, Attempted } from '../src/webhooks/attempt.js';
import type { Delivery } from '../src/webhooks/webhooks.js';

/** What a delivery's workflow is started with. */
export interface WebhookDelivery extends Delivery {
  /** The shortest delay before another attempt. */
  retry_ms: number;
}

export interface WebhookActivities {
  /** One attempt; the last one that fails counts against the endpoint. */
  attemptWebhook(delivery: Delivery, isLast: boolean): Promise<Attempted>;
}

/** Of the worker's places one endpoint takes no more: where it does not answer, those of others still get through. */
const AT_ONCE_EACH = 10;
const LONGEST_WAIT_S = 32;

export function createWebhookActivities(attempt: Attempt): WebhookActivities {
  /** Attempts under way, by endpoint; those that have none are not in it. */
  const underWay = new Map<string, number>();
  const add = (endpointId: string, change: number): void => {
    const count = (underWay.get(endpointId) ?? 0) + change;
    if (count > 0) underWay.set(endpointId, count);
    else underWay.delete(endpointId);
  };
  return {
    async attemptWebhook(delivery, isLast) {
      const { cancellationSignal: stop, info } = Context.current();
      const { endpoint_id } = delivery;
      if ((underWay.get(endpoint_id) ?? 0) >= AT_ONCE_EACH) throw notNow(info.attempt);
      add(endpoint_id, 1);
      try {
        const attempted = await attempt(delivery, { isLast, stop });
        // The worker stops: the next one makes it again.
        if (!attempted) throw ApplicationFailure.retryable('cut off');
        return attempted;
      } finally {
        add(endpoint_id, -1);
      }
    },
  };
}

/** Not counted as an attempt. The place is free meanwhile; the more there are that wait, the less often each asks. */
function notNow(asked: number): ApplicationFailure {
  const seconds = Math.min(2 ** (asked - 1), LONGEST_WAIT_S) * (1 + Math.random());
  return ApplicationFailure.create({
    message: 'enough attempts at this endpoint are under way',
    nextRetryDelay: Math.round(seconds * 1_000),
    category: 'BENIGN',
  });
}
