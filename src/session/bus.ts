import type { EventPreview, SessionEvent, Subscriber } from './session.js';

/** Live events of threads to whoever reads them in this process. Holds nothing: what has no subscriber is dropped. */
export interface Bus {
  subscribe(thread: string, subscriber: Subscriber): () => void;
  publish(thread: string, event: SessionEvent): void;
  preview(thread: string, preview: EventPreview): void;
}

/** `onPublish` is told of every event, with or without subscribers. */
export function createBus(onPublish?: (thread: string, event: SessionEvent) => void): Bus {
  const threads = new Map<string, Set<Subscriber>>();
  const subscribersOf = (thread: string): Iterable<Subscriber> => threads.get(thread) ?? [];
  return {
    subscribe(thread, subscriber) {
      const subscribers = threads.get(thread) ?? new Set();
      threads.set(thread, subscribers.add(subscriber));
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size === 0 && threads.get(thread) === subscribers) threads.delete(thread);
      };
    },
    publish(thread, event) {
      for (const subscriber of subscribersOf(thread)) subscriber.onEvent(event);
      onPublish?.(thread, event);
    },
    preview(thread, preview) {
      for (const subscriber of subscribersOf(thread)) subscriber.onPreview(preview);
    },
  };
}
