import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from '../sandbox/place.js';
import type { Mount } from '../sandbox/sandbox.js';

/** One thing that a session's sandbox holds beside its workspace. */
export interface MountPart {
  /**
   * Brings the directories up to date and says where each goes. Asked before every command, so it costs next to nothing
   * when nothing has changed. What a part mounts, and where, is the same from a session's first command to its last.
   */
  prepare(sessionId: string): Promise<readonly Mount[]>;
  /** Takes in what commands have written: after each, and when somebody asks for it. Safe to repeat, also after a crash. */
  collect(sessionId: string): Promise<void>;
  /** The same when a session comes to rest, of what others than the session itself wait for. */
  rest?(sessionId: string): Promise<void>;
  /** Begins to do, in the background, what a process that died has not done. */
  resume?(): Promise<void>;
  /** Waits for what it does in the background. */
  close?(): Promise<void>;
  /** What the agent is told of it; the same for as long as the session's resources are, so that prompts stay cached. */
  describe(sessionId: string): Promise<string | undefined>;
  /** Takes in what has not been, and forgets the session, whose sandbox is gone; its directory is removed afterwards. Idempotent. */
  remove(sessionId: string): Promise<void>;
}

/** Everything that sandboxes hold beside their workspaces. */
export interface Mounts extends MountPart {
  /** Never rejects: what could not be taken in now is taken in the next time. */
  collect(sessionId: string): Promise<void>;
  /** Never rejects, either. */
  rest(sessionId: string): Promise<void>;
  /** Waits for what is being done in the background. */
  close(): Promise<void>;
  /** Removes what a process that died has left of sessions that nobody wants. */
  sweep(isWanted: (sessionId: string) => Promise<boolean>): Promise<void>;
}

export interface MountsDeps {
  /** In it each session has a directory, in which each part has one. */
  directory: string;
  parts: readonly MountPart[];
  /** Told of what could not be taken in. */
  onError: (sessionId: string, error: unknown) => void;
}

/** All parts as one, in this order. */
export function createMounts({ directory, parts, onError }: MountsDeps): Mounts {
  async function remove(id: string): Promise<void> {
    for (const part of parts) await part.remove(id);
    await rm(join(directory, id), { recursive: true, force: true });
  }
  const resting = new Set<Promise<unknown>>();
  return {
    prepare: async (id) => (await Promise.all(parts.map((part) => part.prepare(id)))).flat(),
    async collect(id) {
      await Promise.all(parts.map((part) => part.collect(id).catch((error: unknown) => onError(id, error))));
    },
    async rest(id) {
      const asked = parts.flatMap((part) => part.rest?.(id) ?? []);
      const work = Promise.all(asked.map((one) => one.catch((error: unknown) => onError(id, error))));
      resting.add(work);
      await work.finally(() => resting.delete(work));
    },
    async close() {
      await Promise.all(resting);
      for (const part of parts) await part.close?.();
    },
    async describe(id) {
      const told = await Promise.all(parts.map((part) => part.describe(id)));
      return told.filter((text) => text !== undefined && text !== '').join('\n\n') || undefined;
    },
    remove,
    async sweep(isWanted) {
      for (const id of (await readdir(directory).catch(ignoreMissing)) ?? [])
        if (!(await isWanted(id))) await remove(id);
      for (const part of parts) await part.resume?.();
    },
  };
}
