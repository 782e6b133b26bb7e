import { errorCode } from '../error-code.js';
import { type Outbound, PrivateAddressError } from '../net/outbound.js';
import { signatureHeaders } from './sign.js';
import type { Delivery, Posted, Target } from './webhooks.js';

/** Makes one attempt, signed for this moment. Never rejects, and says nothing that would tell the URL or the secret. */
export type Post = (target: Target, delivery: Delivery, stop: AbortSignal) => Promise<Posted>;

const PATIENCE_MS = 10_000;

export function createPost(outbound: Outbound, patienceMs = PATIENCE_MS): Post {
  return async ({ url, secret }, { event_id, body }, stop) => {
    const late = AbortSignal.timeout(patienceMs);
    try {
      const response = await outbound(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...signatureHeaders(secret, event_id, Math.floor(Date.now() / 1_000), body),
        },
        body,
        signal: AbortSignal.any([late, stop]),
      });
      // What it says beside its status is of no interest.
      response.on('error', () => {});
      response.destroy();
      return judge(response.statusCode ?? 0);
    } catch (error) {
      if (error instanceof PrivateAddressError) return { type: 'private_address' };
      // The code only: the message may name the host.
      return {
        type: 'failed',
        why: late.aborted ? 'no answer in time' : `no answer (${errorCode(error) ?? 'unknown error'})`,
      };
    }
  };
}

function judge(status: number): Posted {
  if (status >= 200 && status <= 299) return { type: 'accepted', status };
  if (status >= 300 && status <= 399) return { type: 'redirected', status };
  return { type: 'failed', why: `answered with ${status}` };
}
