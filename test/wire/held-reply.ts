import type { UpstreamReply } from '../../bench/upstream-reply.js';
import type { Scripted } from './server.js';

/** A reply that comes when the test lets it: what has to happen before it cannot come too late. */
export function heldReply(reply: UpstreamReply = {}): { reply: Scripted; release: () => void } {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  return { reply: () => promise.then(() => reply), release };
}
