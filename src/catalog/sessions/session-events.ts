import type { EventPage, EventQuery, SessionEvent } from '../../session/session.js';
import { validate } from '../validate.js';
import { checkFileReferences } from '../files/message-files.js';
import { fileReferences } from './event-files.js';
import { sendSchema } from './event-schema.js';
import { checkEvents } from './event-support.js';
import { toInputs } from './input-events.js';
import type { SessionDeps } from './session-deps.js';
import { modelOf } from './session-resource.js';
import { readSession } from './session-store.js';
import { checkWorkersEvents } from './worker-events.js';
import { sendToWorker } from '../work/work-wake.js';

export interface SessionEvents {
  /** Validates all, gives each an id and queues them; all or nothing. The echoes come back in order. */
  send(sessionId: string, body: unknown, by?: { isWorker?: boolean }): Promise<SessionEvent[]>;
  list(sessionId: string, query: EventQuery): Promise<EventPage>;
}

export function createSessionEvents(deps: SessionDeps): SessionEvents {
  const { db, workspace, sessions, log, factsOf } = deps;
  return {
    async send(sessionId, body, { isWorker = false } = {}) {
      const row = await readSession(db, workspace, sessionId);
      const { events } = validate(sendSchema, body);
      if (isWorker) checkWorkersEvents(events);
      await checkEvents(events, {
        primaryThread: row.thread_id,
        isSelfHosted: row.self_hosted === 1,
        takesSystemMessages: () => factsOf(modelOf(row)).takes_system_messages,
        findEvent: (id) => log.getEvent(sessionId, id),
      });
      await checkFileReferences(deps, fileReferences(events, 'events'));
      const inputs = await toInputs(deps, events, 'events');
      const send = () => sessions.send(sessionId, inputs);
      return row.self_hosted === 1 ? sendToWorker(deps, row, inputs, send) : send();
    },
    async list(sessionId, query) {
      await readSession(db, workspace, sessionId);
      return log.getEvents(sessionId, query);
    },
  };
}
