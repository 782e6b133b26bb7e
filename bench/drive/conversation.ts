import type Anthropic from '@anthropic-ai/sdk';
import { now } from './clock.js';

type StreamEvent = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents;
type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

/** One session as a client sees it, its stream open. */
export interface Conversation {
  id: string;
  /** Sends a message and waits until the session is idle again. */
  turn(text: string): Promise<Turn>;
  /** Sends a message; `turn` resolves when the session is idle again. */
  send(text: string): Promise<{ sentAt: number; ackedAt: number; idle: Promise<Seen> }>;
  /** Interrupts, and waits until the session is idle. */
  interrupt(): Promise<Turn>;
  /** Allows a call that the session asks about, and waits until it is idle. */
  allow(toolUseId: string): Promise<Turn>;
  /** The next event of this type from now on. Rejects when the stream ends first or nothing comes for a long time. */
  next(type: StreamEvent['type']): Promise<Seen>;
  close(): void;
}

export interface Turn {
  sentAt: number;
  ackedAt: number;
  idleAt: number;
}

export interface Seen {
  at: number;
  event: StreamEvent;
}

interface Waiter {
  type: StreamEvent['type'];
  resolve(seen: Seen): void;
  reject(error: Error): void;
}

const PATIENCE_MS = 60_000;

/** Opens the stream of a session, with previews. */
export async function converse(client: Anthropic, id: string): Promise<Conversation> {
  const stream = await client.beta.sessions.events.stream(id, { event_deltas: ['agent.message'] });
  const waiters = new Set<Waiter>();
  void listen(stream, waiters);
  const next = (type: StreamEvent['type']): Promise<Seen> => expectEvent(waiters, id, type);
  const post = async (event: EventParams) => {
    const idle = next('session.status_idle');
    const sentAt = now();
    await client.beta.sessions.events.send(id, { events: [event] });
    return { sentAt, ackedAt: now(), idle };
  };
  const settled = async (posted: ReturnType<typeof post>): Promise<Turn> => {
    const { sentAt, ackedAt, idle } = await posted;
    return { sentAt, ackedAt, idleAt: (await idle).at };
  };
  const send = (text: string) => post(messageOf(text));
  return {
    id,
    send,
    turn: (text) => settled(send(text)),
    interrupt: () => settled(post({ type: 'user.interrupt' })),
    allow: (tool_use_id) => settled(post({ type: 'user.tool_confirmation', tool_use_id, result: 'allow' })),
    next,
    close: () => stream.controller.abort(),
  };
}

/** What a person says. */
export function messageOf(text: string): Anthropic.Beta.Sessions.BetaManagedAgentsUserMessageEventParams {
  return { type: 'user.message', content: [{ type: 'text', text }] };
}

async function listen(stream: AsyncIterable<StreamEvent>, waiters: Set<Waiter>): Promise<void> {
  try {
    for await (const event of stream) {
      const at = now();
      for (const waiter of waiters) if (waiter.type === event.type) waiter.resolve({ at, event });
    }
  } catch {
    // The server was killed, or the conversation closed; whoever still waits is told.
  }
  for (const waiter of waiters) waiter.reject(new Error(`the stream ended before ${waiter.type}`));
}

function expectEvent(waiters: Set<Waiter>, id: string, type: StreamEvent['type']): Promise<Seen> {
  const { promise, resolve, reject } = Promise.withResolvers<Seen>();
  const waiter: Waiter = { type, resolve, reject };
  waiters.add(waiter);
  const timer = setTimeout(() => reject(new Error(`${id}: no ${type} in ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  const seen = promise.finally(() => {
    clearTimeout(timer);
    waiters.delete(waiter);
  });
  // Where a stream is meant to break nobody awaits this; it must not end the process.
  seen.catch(() => {});
  return seen;
}
