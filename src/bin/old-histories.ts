import { setTimeout as sleep } from 'node:timers/promises';

export interface Tidying {
  /** Once; from then on it goes on by itself. */
  start(): void;
  stop(): Promise<void>;
}

/** How long the history of what is done can be looked at. */
const KEPT_MS = 7 * 24 * 3_600_000;
const TIDY_EVERY_MS = 6 * 3_600_000;

/** Once started it has old histories removed, now and then. */
export function createTidying(
  remove: (before: Date, stopping: AbortSignal) => Promise<void>,
  report: (error: unknown) => void,
): Tidying {
  const stopping = new AbortController();
  let work: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await remove(new Date(Date.now() - KEPT_MS), stopping.signal).catch(report);
      await sleep(TIDY_EVERY_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  };
  return {
    start: () => void (work ??= run()),
    async stop() {
      stopping.abort();
      await work;
    },
  };
}
