import type { PreviewIds } from '../src/harness/activity-results.js';
import type { ModelListener } from '../src/model/model.js';
import type { EventPreview } from '../src/session/session.js';

/** Turns a reply under way into previews: one start for the message and one for thinking, then the message's text by block. */
export function createPreviews(ids: PreviewIds, show: (preview: EventPreview) => void): ModelListener {
  /** The place among the message's blocks, by the place among the reply's. */
  const places = new Map<number, number>();
  let isThinking = false;
  const start = (index: number): number => {
    const known = places.get(index);
    if (known !== undefined) return known;
    if (places.size === 0) show({ type: 'event_start', event: { type: 'agent.message', id: ids.message } });
    places.set(index, places.size);
    return places.size - 1;
  };
  return {
    // A block that stays empty is no part of the message: it starts with its first text.
    onTextStart: () => {},
    onText(index, text) {
      const place = start(index);
      const content = { type: 'text', text } as const;
      show({ type: 'event_delta', event_id: ids.message, delta: { type: 'content_delta', index: place, content } });
    },
    onThinking() {
      if (isThinking) return;
      isThinking = true;
      show({ type: 'event_start', event: { type: 'agent.thinking', id: ids.thinking } });
    },
  };
}
