import type Anthropic from '@anthropic-ai/sdk';
import type { EventPreview, SessionEvent } from '../../src/session/session.js';
import { deadline } from '../support/patience.js';

type Streamed = SessionEvent | EventPreview;
type DeltaType = 'agent.message' | 'agent.thinking';

/** What one connection to a session's stream has received. */
export interface Recording {
  /** Everything, previews too, in order. */
  all: Streamed[];
  /** Without previews. */
  events: SessionEvent[];
  previews: EventPreview[];
  /** Resolves with the first event that matches, already seen ones from index `from` on included. */
  until(matches: (event: Streamed) => boolean, from?: number): Promise<Streamed>;
  /** The events from this index up to and with the next idle. */
  untilIdle(from: number): Promise<SessionEvent[]>;
  /** Resolves once the server has ended the stream. */
  ended: Promise<void>;
  close(): void;
}

const PATIENCE_MS = 30_000;
const LOOK_MS = 1_000;

/** Connects; resolves once the server has answered, so that nothing after it is missed. */
export async function follow(client: Anthropic, id: string, event_deltas: DeltaType[] = []): Promise<Recording> {
  const stream = await client.beta.sessions.events.stream(id, event_deltas.length > 0 ? { event_deltas } : {});
  const all: Streamed[] = [];
  const events: SessionEvent[] = [];
  const previews: EventPreview[] = [];
  const watchers = new Set<() => void>();
  const read = async (): Promise<void> => {
    for await (const event of stream) {
      all.push(event);
      if (isPreview(event)) previews.push(event);
      else events.push(event);
      for (const watcher of watchers) watcher();
    }
  };
  let isClosed = false;
  const ended = read().catch((error: unknown) => {
    // The SDK raises its own signal at every error, so that says nothing.
    if (!isClosed) throw error;
  });
  // Whoever waits for the end is told of a failure; nobody else need care.
  ended.catch(() => {});
  const wait = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const isOver = deadline(PATIENCE_MS);
      const timer = setInterval(() => {
        if (!isOver()) return;
        clearInterval(timer);
        watchers.delete(look);
        reject(new Error(`in vain; seen: ${all.map(({ type }) => type).join(' ')}`));
      }, LOOK_MS);
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        clearInterval(timer);
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  return {
    all,
    events,
    previews,
    ended,
    until: (matches, from = 0) => wait(() => all.slice(from).find(matches)),
    untilIdle: (from) =>
      wait(() => {
        const end = events.findIndex((event, index) => index >= from && event.type === 'session.status_idle');
        return end === -1 ? undefined : events.slice(from, end + 1);
      }),
    close() {
      isClosed = true;
      stream.controller.abort();
    },
  };
}

function isPreview(event: Streamed): event is EventPreview {
  return event.type === 'event_start' || event.type === 'event_delta';
}
