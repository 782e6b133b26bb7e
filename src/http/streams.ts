import type { FastifyReply } from 'fastify';
import { ApiError } from '../api-error.js';
import type { SessionEvent, SessionLog, SessionStatus } from '../session/session.js';
import { toErrorBody } from './errors.js';
import { type DeltaType, createPreviewFilter } from './previews.js';
import { openSse, type SseConnection, type SseOptions, toFrame } from './sse.js';
import { type KeyCheckDeps, type OpenStreams, startKeyCheck } from './stream-keys.js';

/** The open event streams of this server. */
export interface Streams {
  /** Answers with a session's events from this moment on, and with the previews that were asked for. */
  open(reply: FastifyReply, session: StreamedSession, deltas: ReadonlySet<DeltaType>): Promise<void>;
  /** Ends them all cleanly, for a shutdown; clients connect again without loss. */
  closeAll(): void;
}

/** The same for a session of the caller's workspace. */
export type OpenStream = (reply: FastifyReply, sessionId: string, deltas: ReadonlySet<DeltaType>) => Promise<void>;

export interface StreamedSession {
  id: string;
  /** Throws `not_found_error` when it is not there. */
  status: () => Promise<SessionStatus>;
}

type SseLimits = Pick<SseOptions, 'maxBacklog' | 'lingerMs'>;

export interface StreamLimits extends SseLimits {
  pingIntervalMs: number;
  /** How long a stream may go on after its key was revoked. */
  keyCheckMs: number;
}

export interface StreamsDeps extends KeyCheckDeps {
  log: Pick<SessionLog, 'subscribe'>;
  /** What is not said is the default. */
  streams?: Partial<StreamLimits>;
}

const DEFAULTS: StreamLimits = {
  pingIntervalMs: 15_000,
  keyCheckMs: 2_000,
  maxBacklog: 4 * 1024 * 1024,
  lingerMs: 5_000,
};
const PING = toFrame({ type: 'ping' });
/** After these nothing comes any more. */
const LAST: ReadonlySet<string> = new Set(['session.deleted', 'session.status_terminated']);

export function createStreams({ log, streams: limits, ...keys }: StreamsDeps): Streams {
  const { pingIntervalMs, keyCheckMs, ...sse } = { ...DEFAULTS, ...limits };
  const connections: OpenStreams = new Map();
  let closing = false;
  // One timer for all: a thousand streams are not a thousand timers.
  const pinging = setInterval(() => {
    for (const connection of connections.keys()) connection.write(PING);
  }, pingIntervalMs);
  pinging.unref();
  const keyCheck = startKeyCheck(connections, keys, keyCheckMs);

  return {
    async open(reply, session, deltas) {
      await session.status();
      const feed = createFeed(log, session.id, deltas);
      try {
        // Looked at again, now that nothing can be missed: it may have ended in between.
        const status = await session.status();
        if (reply.raw.closed) {
          reply.hijack();
          return feed.stop();
        }
        const connection = answer(reply, sse, () => {
          feed.stop();
          connections.delete(connection);
        });
        connections.set(connection, reply.request);
        feed.connect(connection);
        if (closing || status === 'terminated') connection.end();
      } catch (error) {
        feed.stop();
        throw error;
      }
    },
    closeAll() {
      closing = true;
      clearInterval(pinging);
      keyCheck.stop();
      for (const connection of connections.keys()) connection.end();
    },
  };
}

interface Feed {
  /** Hands over what has come so far and all that follows. */
  connect(connection: SseConnection): void;
  stop(): void;
}

/** Subscribed from the moment it is made, before the client hears anything. */
function createFeed(log: StreamsDeps['log'], sessionId: string, deltas: ReadonlySet<DeltaType>): Feed {
  const filter = createPreviewFilter(deltas);
  const early: SessionEvent[] = [];
  let connection: SseConnection | undefined;
  const send = (to: SseConnection, event: SessionEvent) => {
    filter.observe(event);
    to.write(toFrame(event));
    if (LAST.has(event.type)) to.end();
  };
  const stop = log.subscribe(sessionId, {
    onEvent: (event) => {
      if (connection) send(connection, event);
      else early.push(event);
    },
    onPreview: (preview) => {
      if (connection && filter.allows(preview)) connection.write(toFrame(preview));
    },
  });
  return {
    stop,
    connect(to) {
      connection = to;
      for (const event of early.splice(0)) send(to, event);
    },
  };
}

function answer(reply: FastifyReply, sse: SseLimits, onClose: () => void): SseConnection {
  reply.hijack();
  return openSse(reply.raw, plainHeaders(reply), {
    ...sse,
    onClose,
    overloaded: () => {
      const error = new ApiError(
        'overloaded_error',
        'The stream was not read fast enough. Connect again and list what was missed.',
      );
      return toFrame(toErrorBody(error, reply.request.id));
    },
  });
}

/** What the hooks have set so far; a hijacked reply does not send it by itself. */
function plainHeaders(reply: FastifyReply): Record<string, string> {
  const set = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]));
}
