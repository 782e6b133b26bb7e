import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryReader } from '../../src/session/history-reader.js';

/** A real reader of histories, to which this happens on the way. */
export interface Trouble {
  /** This many reads fail first. */
  failures: number;
  /** The server answers a waiting read after so long. Temporal's own 20 s would keep a test waiting. */
  patienceMs: number;
  /** Called once, right before the first empty answer. */
  onEmpty(): void;
}

export function troubled(
  reader: HistoryReader,
  { failures = 0, patienceMs = 60_000, onEmpty }: Partial<Trouble>,
): HistoryReader {
  let left = failures;
  let told = onEmpty;
  return {
    ...reader,
    async read(thread, runId, token, signal) {
      if (left > 0) {
        left -= 1;
        throw new Error('the server is away');
      }
      const over = new AbortController();
      const reading = reader.read(thread, runId, token, AbortSignal.any([signal, over.signal]));
      const waited = sleep(patienceMs, undefined, { signal: over.signal });
      try {
        const page = (await Promise.race([reading, waited])) ?? { events: [], token, fromStart: false };
        if (page.events.length === 0) {
          told?.();
          told = undefined;
        }
        return page;
      } finally {
        over.abort();
        await Promise.allSettled([reading, waited]);
      }
    },
  };
}
