import type { EventPreview, SessionEvent } from '../session/session.js';

/** Of which events there are previews. */
export const DELTA_TYPES = ['agent.message', 'agent.thinking'] as const;

export type DeltaType = (typeof DELTA_TYPES)[number];

/**
 * Which previews go to one connection: of the types it asked for, one `event_start` an id, and no delta without one. An id
 * that starts again (its model call was made anew) gets no more deltas: what was shown would no longer be a prefix.
 */
export interface PreviewFilter {
  allows(preview: EventPreview): boolean;
  /** Sees every event, to know which previews are over. */
  observe(event: SessionEvent): void;
}

export function createPreviewFilter(deltas: ReadonlySet<DeltaType>): PreviewFilter {
  const shown = new Map<string, 'open' | 'over'>();
  return {
    allows(preview) {
      if (preview.type === 'event_delta') return shown.get(preview.event_id) === 'open';
      const { id, type } = preview.event;
      if (!deltas.has(type)) return false;
      const isFirst = !shown.has(id);
      shown.set(id, isFirst ? 'open' : 'over');
      return isFirst;
    },
    observe(event) {
      if (shown.has(event.id)) shown.set(event.id, 'over');
      // It closes every preview of its request, so nothing has to be remembered past it.
      if (event.type === 'span.model_request_end') shown.clear();
    },
  };
}
