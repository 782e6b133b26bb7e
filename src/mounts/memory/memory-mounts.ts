import type { Turns } from '../../catalog/files/turns.js';
import type { Attachment } from '../../catalog/memory/attachments.js';
import type { MountedStores } from '../../catalog/memory/mounted-store.js';
import type { MountPart } from '../mounts.js';
import { describeMemory } from './described.js';
import { createErrands } from './errands.js';
import { createLiveStores } from './live-stores.js';
import type { FileRules } from './scan.js';
import { bringUp, mountsOf, renew, retire, type SessionStores, takeIn } from './session-stores.js';

export interface MemoryMountsDeps {
  stores: MountedStores;
  attachmentsOf: (sessionId: string) => Promise<Attachment[]>;
  /** Of a session, on this machine, and for this part alone. */
  directoryOf: (sessionId: string) => string;
  rules: FileRules;
  /** A session's stores are looked at by one at a time. */
  turns: Turns;
  /** Told of what could not be done in the background. */
  onError: (sessionId: string, error: unknown) => void;
}

export interface MemoryMounts extends MountPart {
  /** Something is gone from a store for good: soon it is gone from directories, too, whose sessions may never go on. */
  refresh(storeId: string): void;
}

/**
 * A session's memory stores as directories below `/mnt/memory`. What is in a store is laid out before a command, what
 * commands have written becomes versions after it.
 */
export function createMemoryMounts(deps: MemoryMountsDeps): MemoryMounts {
  const { stores, attachmentsOf, directoryOf, rules, turns } = deps;
  const live = createLiveStores(rules);
  const open = async (sessionId: string): Promise<SessionStores | undefined> => {
    const attachments = await attachmentsOf(sessionId);
    if (attachments.length === 0) return undefined;
    return { sessionId, attachments, directory: directoryOf(sessionId), liveOf: (id) => live.of(sessionId, id) };
  };
  const collect = async (sessionId: string): Promise<void> => {
    const session = await open(sessionId);
    if (session) await turns.take(sessionId, () => takeIn(stores, session));
  };
  const renewAll = async (storeId: string): Promise<void> => {
    for (const sessionId of await stores.readSessions(storeId)) {
      const session = await open(sessionId);
      const work = session && turns.take(sessionId, () => renew(stores, session, storeId));
      await work?.catch((error: unknown) => deps.onError(sessionId, error));
    }
  };
  const renewals = createErrands((storeId) =>
    renewAll(storeId).catch((error: unknown) => deps.onError(storeId, error)),
  );
  return {
    async prepare(sessionId) {
      const session = await open(sessionId);
      if (!session) return [];
      await turns.take(sessionId, () => bringUp(stores, session));
      return mountsOf(session);
    },

    collect,
    // Whoever reads a store reads what is in it, and asks no session.
    rest: collect,

    refresh: (storeId) => renewals.ask(storeId),
    async resume() {
      for (const storeId of await stores.readDeleted()) renewals.ask(storeId);
    },
    close: () => renewals.close(),

    describe: async (sessionId) => describeMemory(await attachmentsOf(sessionId)),

    remove: (sessionId) =>
      turns.take(sessionId, async () => {
        const session = await open(sessionId);
        if (session) {
          await takeIn(stores, session);
          retire(session);
        }
        live.forget(sessionId);
        await stores.forget(sessionId);
      }),
  };
}
