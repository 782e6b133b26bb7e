import { statfs } from 'node:fs/promises';
import { ApiError } from '../api-error.js';
import type { InputEvent, Sessions } from '../session/session.js';

/** Left for what runs already: its log, and what it takes to stop it. */
const RESERVE_BYTES = 8 * 1_024 * 1_024;

/**
 * Sessions that take nothing new while the disk of the data directory is full, and say so at once. Temporal cannot: it
 * tries to write until the request's time is over. Interrupts are let through, they may give the space back.
 */
export function guardDisk(sessions: Sessions, dataDir: string): Sessions {
  const refuseWhenFull = createRefusal(dataDir);
  return {
    ...sessions,
    async start(start) {
      await refuseWhenFull();
      return sessions.start(start);
    },
    async send(sessionId, events) {
      if (!events.every(isInterrupt)) await refuseWhenFull();
      return sessions.send(sessionId, events);
    },
  };
}

function isInterrupt(event: InputEvent): boolean {
  return event.type === 'user.interrupt';
}

/** So much is not used up within so long: until then it is not looked at again. */
const PLENTY_BYTES = 1_024 * 1_024 * 1_024;
const PLENTY_MS = 200;

function createRefusal(dataDir: string): () => Promise<void> {
  let plentyUntil = 0;
  return async () => {
    if (performance.now() < plentyUntil) return;
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    if (free >= PLENTY_BYTES) plentyUntil = performance.now() + PLENTY_MS;
    if (free >= RESERVE_BYTES) return;
    throw new ApiError('unavailable_error', 'The disk of the data directory is full. Nothing was changed.', {
      retryAfter: 5,
    });
  };
}
