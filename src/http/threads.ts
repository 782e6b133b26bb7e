import type { SessionEvents } from '../catalog/sessions/session-events.js';
import type { Threads } from '../catalog/sessions/threads.js';
import { readDeltas, readThreadEventQuery, toEventPage } from './events.js';
import type { Handlers } from './handler.js';
import { createAgeCursor, readPage } from './page.js';
import { SESSION_STATUSES } from './sessions.js';
import type { OpenStream } from './streams.js';

const LIMITS = { default: 1000, max: 1000 };
const cursor = createAgeCursor('threads');

/** Endpoints §4, rows 35-39. */
export function threadHandlers(threads: Threads, events: SessionEvents, stream: OpenStream): Handlers {
  return {
    'sessions.threads.retrieve': ({ param }) => threads.retrieve(param('session_id'), param('thread_id')),
    'sessions.threads.list': async ({ param, query }) => {
      // With one thread there is one page; the fields are checked all the same.
      readPage(query, cursor, LIMITS);
      const statuses = query.list('statuses', SESSION_STATUSES);
      const data = await threads.list(param('session_id'), statuses ? { statuses } : {});
      return { data, next_page: null };
    },
    'sessions.threads.archive': ({ param }) => threads.archive(param('session_id'), param('thread_id')),
    'sessions.threads.events.list': async ({ param, query }) => {
      const asked = readThreadEventQuery(query);
      await threads.require(param('session_id'), param('thread_id'));
      return toEventPage(await events.list(param('session_id'), asked), asked.order);
    },
    'sessions.threads.events.stream': async ({ param, query }, reply) => {
      const deltas = readDeltas(query);
      await threads.require(param('session_id'), param('thread_id'));
      return stream(reply, param('session_id'), deltas);
    },
  };
}
