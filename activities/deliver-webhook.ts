import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Post } from '../src/webhooks/post.js';
import type { Delivery, Posted, Targets } from '../src/webhooks/webhooks.js';

/** What a delivery's workflow is started with. */
export interface WebhookDelivery extends Delivery {
  /** The shortest delay before another attempt. */
  retry_ms: number;
}

export interface Attempt {
  /** False: another one is due. */
  is_over: boolean;
  /** For people. */
  outcome: string;
}

export interface WebhookActivities {
  /** One attempt; the last one that fails counts against the endpoint. */
  attemptWebhook(delivery: Delivery, isLast: boolean): Promise<Attempt>;
}

export interface WebhookActivityDeps {
  targets: Targets;
  post: Post;
}

export function createWebhookActivities({ targets, post }: WebhookActivityDeps): WebhookActivities {
  return {
    async attemptWebhook(delivery, isLast) {
      const target = await targets.find(delivery.endpoint_id);
      if (!target) return over('the endpoint takes no deliveries');
      const { cancellationSignal } = Context.current();
      const posted = await post(target, delivery, cancellationSignal);
      // The worker stops: whether this one arrived is not known, and the next worker makes it again.
      if (posted.type === 'failed' && cancellationSignal.aborted) throw ApplicationFailure.retryable('cut off');
      return settle(targets, delivery.endpoint_id, posted, isLast);
    },
  };
}

async function settle(targets: Targets, endpointId: string, posted: Posted, isLast: boolean): Promise<Attempt> {
  switch (posted.type) {
    case 'accepted':
      await targets.succeeded(endpointId);
      return over(`accepted with ${posted.status}`);
    case 'redirected':
      await targets.disable(endpointId, `The endpoint answered with a redirect (${posted.status}).`);
      return over('redirected; the endpoint is disabled');
    case 'private_address':
      await targets.disable(endpointId, 'The address of the endpoint is not a public one.');
      return over('a private address; the endpoint is disabled');
    case 'failed':
      if (isLast) await targets.failed(endpointId);
      return { is_over: isLast, outcome: posted.why };
    default:
      return unreachable(posted);
  }
}

function over(outcome: string): Attempt {
  return { is_over: true, outcome };
}

function unreachable(posted: never): never {
  throw new Error(`Unknown outcome ${JSON.stringify(posted)}`);
}
