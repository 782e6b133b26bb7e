import { readSession } from '../sessions/session-store.js';
import type { SessionDeps } from '../sessions/session-deps.js';
import type { EventCursor } from '../../session/session.js';

/** A session's events, oldest first, each a line of JSON. `not_found_error` when it is not there any more. */
export async function* listTranscript(
  { db, workspace, log }: Pick<SessionDeps, 'db' | 'workspace' | 'log'>,
  sessionId: string,
): AsyncGenerator<string> {
  await readSession(db, workspace, sessionId);
  let page: EventCursor | null | undefined;
  while (page !== null) {
    const { events, next } = await log.getEvents(sessionId, { order: 'asc', limit: 100, ...(page && { page }) });
    for (const event of events) yield JSON.stringify(event);
    page = next;
  }
}
