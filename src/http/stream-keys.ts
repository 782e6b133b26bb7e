import type { FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.js';
import type { FindClosed } from '../catalog/access/find-closed.js';
import { toErrorBody } from './errors.js';
import { type SseConnection, toFrame } from './sse.js';

/** Each with the request that it answers. */
export type OpenStreams = Map<SseConnection, Pick<FastifyRequest, 'id' | 'principal'>>;

export interface KeyCheckDeps {
  findClosed: FindClosed;
  /** Told of a look that failed, once until one succeeds. */
  onKeyCheckFailed: (error: unknown) => void;
}

/**
 * Ends streams whose key opens nothing any more. It is asked for all at once, now and then, and not for each event; where
 * rows cannot be read now they can be at a later look.
 */
export function startKeyCheck(
  open: OpenStreams,
  { findClosed, onKeyCheckFailed }: KeyCheckDeps,
  everyMs: number,
): { stop(): void } {
  let isChecking = false;
  let isFailing = false;
  const check = async () => {
    if (isChecking || open.size === 0) return;
    isChecking = true;
    try {
      await endClosed(open, findClosed);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onKeyCheckFailed(error);
      isFailing = true;
    }
    isChecking = false;
  };
  const timer = setInterval(() => void check(), everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

async function endClosed(open: OpenStreams, findClosed: FindClosed): Promise<void> {
  const readers = Array.from(open.values(), ({ principal }) => principal).filter((reader) => reader !== null);
  const closed = await findClosed(readers);
  for (const [connection, { id, principal }] of open) {
    if (principal === null || !closed.has(principal)) continue;
    const error = new ApiError('authentication_error', 'The key of this stream is not valid any more.');
    connection.write(toFrame(toErrorBody(error, id)));
    connection.end();
  }
}
