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
  return {
    ...sessions,
    async start(start) {
      await refuseWhenFull(dataDir);
      return sessions.start(start);
    },
    async send(sessionId, events) {
      if (!events.every(isInterrupt)) await refuseWhenFull(dataDir);
      return sessions.send(sessionId, events);
    },
  };
}

function isInterrupt(event: InputEvent): boolean {
  return event.type === 'user.interrupt';
}

async function refuseWhenFull(dataDir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dataDir);
  if (bavail * bsize >= RESERVE_BYTES) return;
  throw new ApiError('unavailable_error', 'The disk of the data directory is full. Nothing was changed.', {
    retryAfter: 5,
  });
}
