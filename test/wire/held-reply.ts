import type { UpstreamRequest } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import type { Scripted } from './server.js';

export interface HeldReply {
  reply: Scripted;
  /** Resolves when it is asked for. */
  asked: Promise<UpstreamRequest>;
  release: () => void;
}

/** A reply that comes when the test lets it: what has to happen before it cannot come too late. */
export function heldReply(reply: UpstreamReply = {}): HeldReply {
  const asked = Promise.withResolvers<UpstreamRequest>();
  const released = Promise.withResolvers<void>();
  return {
    asked: asked.promise,
    release: released.resolve,
    async reply(request) {
      asked.resolve(request);
      await released.promise;
      return reply;
    },
  };
}
