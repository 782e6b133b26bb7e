import type { Post } from './post.js';
import type { Delivery, Posted, Targets } from './webhooks.js';

/** What one attempt has come to. */
export interface Attempted {
  /** False: another one is due. */
  is_over: boolean;
  /** For people. */
  outcome: string;
}

/**
 * Makes one attempt, and notes at the endpoint what came of it; the last one that fails counts against it. Undefined when
 * the signal cut it off, and nobody knows whether it arrived.
 */
export type Attempt = (
  delivery: Delivery,
  options: { isLast: boolean; stop: AbortSignal },
) => Promise<Attempted | undefined>;

export interface AttemptDeps {
  targets: Targets;
  post: Post;
  onError: (error: unknown) => void;
}

export function createAttempt({ targets, post, onError }: AttemptDeps): Attempt {
  return async (delivery, { isLast, stop }) => {
    const target = await targets.find(delivery.endpoint_id);
    if (!target) return over('the endpoint takes no deliveries');
    const posted = await post(target, delivery, stop);
    if (posted.type === 'failed' && stop.aborted) return undefined;
    // What was sent is sent: that it could not be noted must not send it again.
    await note(targets, delivery.endpoint_id, posted, isLast).catch(onError);
    return resultOf(posted, isLast);
  };
}

async function note(targets: Targets, endpointId: string, posted: Posted, isLast: boolean): Promise<void> {
  switch (posted.type) {
    case 'accepted':
      return targets.succeeded(endpointId);
    case 'redirected':
      return targets.disable(endpointId, `The endpoint answered with a redirect (${posted.status}).`);
    case 'private_address':
      return targets.disable(endpointId, 'The address of the endpoint is not a public one.');
    case 'failed':
      return isLast ? targets.failed(endpointId) : undefined;
    default:
      return unreachable(posted);
  }
}

function resultOf(posted: Posted, isLast: boolean): Attempted {
  switch (posted.type) {
    case 'accepted':
      return over(`accepted with ${posted.status}`);
    case 'redirected':
      return over('redirected; the endpoint is disabled');
    case 'private_address':
      return over('a private address; the endpoint is disabled');
    case 'failed':
      return { is_over: isLast, outcome: posted.why };
    default:
      return unreachable(posted);
  }
}

function over(outcome: string): Attempted {
  return { is_over: true, outcome };
}

function unreachable(posted: never): never {
  throw new Error(`Unknown outcome ${JSON.stringify(posted)}`);
}
