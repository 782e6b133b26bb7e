import { z } from 'zod';
import { ApiError } from '../api-error.js';
import type { SessionEvents } from '../catalog/sessions/session-events.js';
import type { EventPage, EventQuery } from '../session/session.js';
import { EVENT_TYPES } from './event-types.js';
import type { Handlers } from './handler.js';
import { createCursor, readPage } from './page.js';
import { DELTA_TYPES, type DeltaType } from './previews.js';
import type { Query } from './query.js';
import type { OpenStream } from './streams.js';

const LIMITS = { default: 1000, max: 1000 };
const ORDERS = ['asc', 'desc'] as const;
const MAX_DELTAS = 100;

const cursor = createCursor(
  'events',
  z.strictObject({ position: z.int().nullable(), seq: z.int(), order: z.enum(ORDERS) }),
);

/** Endpoints §4, rows 27-29; events.md. */
export function eventHandlers(events: SessionEvents, stream: OpenStream): Handlers {
  return {
    'sessions.events.list': async ({ param, query }) => {
      const asked = readEventQuery(query);
      return toEventPage(await events.list(param('session_id'), asked), asked.order);
    },
    'sessions.events.send': async ({ param, body, principal }) => {
      const isWorker = principal.kind !== 'api_key';
      return { data: await events.send(param('session_id'), body, { isWorker }) };
    },
    'sessions.events.stream': ({ param, query }, reply) => stream(reply, param('session_id'), readDeltas(query)),
  };
}

/** What `event_deltas[]` asks for. */
export function readDeltas(query: Query): ReadonlySet<DeltaType> {
  const deltas = query.list('event_deltas', DELTA_TYPES) ?? [];
  if (deltas.length > MAX_DELTAS) {
    throw new ApiError('invalid_request_error', `event_deltas: more than ${MAX_DELTAS} values`);
  }
  return new Set(deltas);
}

/** A thread's list knows no more than `limit` and `page`. */
export function readThreadEventQuery(query: Query): EventQuery {
  return { order: 'asc', ...readEventPage(query, 'asc') };
}

export function toEventPage({ events, next }: EventPage, order: EventQuery['order']) {
  return { data: events, next_page: next && cursor.encode({ ...next, order }) };
}

function readEventQuery(query: Query): EventQuery {
  const order = query.oneOf('order', ORDERS) ?? 'asc';
  const types = query.list('types', EVENT_TYPES);
  const processed = query.times('created_at', ['gt', 'gte', 'lt', 'lte']);
  return { order, ...readEventPage(query, order), ...(types && { types }), ...(processed && { processed }) };
}

function readEventPage(query: Query, order: EventQuery['order']): Pick<EventQuery, 'limit' | 'page'> {
  const { limit, page } = readPage(query, cursor, LIMITS);
  if (!page) return { limit };
  if (page.order === order) return { limit, page: { position: page.position, seq: page.seq } };
  throw new ApiError('invalid_request_error', `page: this cursor was made with order "${page.order}"`);
}
