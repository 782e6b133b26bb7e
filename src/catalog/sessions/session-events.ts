import { newId } from '../../ids.js';
import type { EventPage, EventQuery, SessionEvent } from '../../session/session.js';
import { validate } from '../validate.js';
import { sendSchema } from './event-schema.js';
import { checkEvents } from './event-support.js';
import type { SessionDeps } from './session-deps.js';
import { modelOf } from './session-resource.js';
import { readSession } from './session-store.js';

export interface SessionEvents {
  /** Validates all, gives each an id and queues them; all or nothing. The echoes come back in order. */
  send(sessionId: string, body: unknown): Promise<SessionEvent[]>;
  list(sessionId: string, query: EventQuery): Promise<EventPage>;
}

export function createSessionEvents({ db, workspace, sessions, log, factsOf }: SessionDeps): SessionEvents {
  return {
    async send(sessionId, body) {
      const row = await readSession(db, workspace, sessionId);
      const { events } = validate(sendSchema, body);
      await checkEvents(events, {
        primaryThread: row.thread_id,
        takesSystemMessages: () => factsOf(modelOf(row)).takes_system_messages,
        findEvent: (id) => log.getEvent(sessionId, id),
      });
      return sessions.send(
        sessionId,
        events.map((event) => ({ ...event, id: newId('sevt') })),
      );
    },
    async list(sessionId, query) {
      await readSession(db, workspace, sessionId);
      return log.getEvents(sessionId, query);
    },
  };
}
