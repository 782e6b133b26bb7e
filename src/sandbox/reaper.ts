import type { SandboxInfo, Sandboxes } from './sandbox.js';

export interface ReaperOptions {
  sandboxes: Sandboxes;
  /** Whether the session of this key still exists. Where it does not, its sandbox and workspace are removed. */
  isWanted: (key: string) => Promise<boolean>;
  /** How long a sandbox may run with nothing to do; afterwards only its files are kept. */
  idleMs: number;
  /** Told of each sandbox that was reclaimed: whatever ran there has ended. */
  onReclaimed?: (key: string) => Promise<void>;
  /** What could not be removed is tried again in the next round. */
  onError?: (key: string, error: unknown) => void;
}

export interface Reaped {
  removed: string[];
  reclaimed: string[];
}

/** One round: removes what nobody wants and reclaims what has been idle for too long at the time `now`. */
export async function reap(options: ReaperOptions, now: number): Promise<Reaped> {
  const { sandboxes, isWanted, idleMs, onReclaimed, onError } = options;
  const reaped: Reaped = { removed: [], reclaimed: [] };
  for await (const info of sandboxes.list()) {
    try {
      if (!(await isWanted(info.key))) {
        await sandboxes.destroy(info.key, { workspace: true });
        reaped.removed.push(info.key);
      } else if (isIdle(info, now - idleMs)) {
        await sandboxes.destroy(info.key);
        reaped.reclaimed.push(info.key);
        await onReclaimed?.(info.key);
      }
    } catch (error) {
      onError?.(info.key, error);
    }
  }
  return reaped;
}

const isIdle = (info: SandboxInfo, since: number): boolean =>
  info.running && info.busy === 0 && info.lastUsedAt < since;

/** Reaps every `everyMs` until it is told to stop; a round that takes longer is not doubled. */
export function startReaper(options: ReaperOptions, everyMs: number): { stop(): Promise<void> } {
  let round: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    round ??= reap(options, Date.now())
      .catch((error: unknown) => options.onError?.('', error))
      .finally(() => (round = undefined));
  }, everyMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await round;
    },
  };
}
