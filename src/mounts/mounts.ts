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
  /** What the agent is told of it; the same for as long as the session's resources are, so that prompts stay cached. */
  describe(sessionId: string): Promise<string | undefined>;
  /** Removes what it keeps for a session on this machine. Idempotent. */
  remove(sessionId: string): Promise<void>;
}

/** Everything that sandboxes hold beside their workspaces. */
export interface Mounts extends MountPart {
  /** Never rejects: what could not be taken in now is taken in the next time. */
  collect(sessionId: string): Promise<void>;
}

/** All parts as one, in this order. */
export function createMounts(
  parts: readonly MountPart[],
  onError: (sessionId: string, error: unknown) => void,
): Mounts {
  return {
    prepare: async (id) => (await Promise.all(parts.map((part) => part.prepare(id)))).flat(),
    async collect(id) {
      await Promise.all(parts.map((part) => part.collect(id).catch((error: unknown) => onError(id, error))));
    },
    async describe(id) {
      const told = await Promise.all(parts.map((part) => part.describe(id)));
      return told.filter((text) => text !== undefined && text !== '').join('\n\n') || undefined;
    },
    async remove(id) {
      for (const part of parts) await part.remove(id);
    },
  };
}
