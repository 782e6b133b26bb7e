import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import { sinks } from './sinks.js';

/**
 * How long an interrupted activity may take to return what it has before it is given up. The sink's abort takes
 * milliseconds; this is for when it was lost with the process that held it.
 */
const BACKSTOP = '1s';

export interface Interruptibles {
  /** Runs an activity; null when it had to be given up. */
  run<T>(activityId: string, start: () => Promise<T>): Promise<T | null>;
  abortAll(): void;
  detachAll(): void;
  isBusy(): boolean;
}

/** The activities under way, and the two ways to stop waiting for them. */
export function createInterruptibles(isInterrupted: () => boolean): Interruptibles {
  const running = new Set<string>();
  const run = async <T>(activityId: string, start: () => Promise<T>): Promise<T | null> => {
    const work = new CancellationScope();
    const watch = new CancellationScope();
    running.add(activityId);
    const watching = watch.run(async () => {
      await condition(isInterrupted);
      await sleep(BACKSTOP);
      work.cancel();
    });
    try {
      return await work.run(start);
    } catch (error) {
      if (isCancellation(error)) return null;
      throw error;
    } finally {
      running.delete(activityId);
      watch.cancel();
      await watching.catch(ignoreCancellation);
    }
  };
  return {
    run,
    abortAll: () => running.forEach((id) => sinks.control.abort(id)),
    detachAll: () => running.forEach((id) => sinks.control.detach(id)),
    isBusy: () => running.size > 0,
  };
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}
