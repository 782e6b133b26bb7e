import { loadPlace, type Place, type ReadingDeps } from './reading.js';

/**
 * Where threads are read, kept in memory for those that were read last. A thread has one reader, and nobody else writes
 * what it reads into, so what is remembered is what the database has.
 */
export interface Places {
  of(thread: string): Promise<Place | undefined>;
  /** The next reader asks the database: after a failure, or when the projection of a thread is dropped. */
  forget(thread: string): void;
}

export function createPlaces(deps: ReadingDeps): Places {
  const known = new Map<string, Place>();
  return {
    async of(thread) {
      const place = known.get(thread) ?? (await loadPlace(deps, thread));
      known.delete(thread);
      if (place) known.set(thread, place);
      const oldest = known.keys().next().value;
      if (known.size > MOST && oldest !== undefined) known.delete(oldest);
      return place;
    },
    forget: (thread) => void known.delete(thread),
  };
}

const MOST = 256;
