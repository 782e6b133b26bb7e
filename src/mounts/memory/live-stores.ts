import { createScanner, type FileRules, type Scan, type Scanner } from './scan.js';

/** What this process knows of a store's directory in a session's sandbox. */
export interface LiveStore {
  scan: Scanner;
  /** The revision of the store that the directory has, and which directory that was; null when it has to be looked at. */
  revision: number | null;
  place: string | null;
  /** What it held when all of it had last been taken in. */
  taken: Scan | undefined;
  problems: ReadonlyMap<string, string>;
  /** What was written there and had to give way: told for as long as a command lasts that can read of it. */
  lost: ReadonlyMap<string, string>;
  isTold: boolean;
}

export interface LiveStores {
  of(sessionId: string, storeId: string): LiveStore;
  forget(sessionId: string): void;
}

/** Knowledge saves work and is nowhere needed: of sessions that were not used for long it is given up. */
export function createLiveStores(rules: FileRules): LiveStores {
  const sessions = new Map<string, Map<string, LiveStore>>();
  return {
    of(sessionId, storeId) {
      const stores = sessions.get(sessionId) ?? new Map<string, LiveStore>();
      // The one that was used last is the last to go.
      sessions.delete(sessionId);
      sessions.set(sessionId, stores);
      for (const oldest of sessions.keys()) {
        if (sessions.size <= MOST && filesOf(sessions) <= MOST_FILES) break;
        if (oldest !== sessionId) sessions.delete(oldest);
      }
      const store = stores.get(storeId) ?? newStore(rules);
      stores.set(storeId, store);
      return store;
    },
    forget: (sessionId) => void sessions.delete(sessionId),
  };
}

const MOST = 256;
/** A store may have thousands, and a session several stores. */
const MOST_FILES = 200_000;

function filesOf(sessions: ReadonlyMap<string, ReadonlyMap<string, LiveStore>>): number {
  const stores = [...sessions.values()].flatMap((session) => [...session.values()]);
  return stores.reduce((sum, { taken }) => sum + (taken?.files.size ?? 0), 0);
}

function newStore(rules: FileRules): LiveStore {
  const told = { problems: new Map<string, string>(), lost: new Map<string, string>(), isTold: false };
  return { scan: createScanner(rules), revision: null, place: null, taken: undefined, ...told };
}
