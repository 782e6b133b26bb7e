import type { temporal } from '@temporalio/proto';

/** Reads threads' histories as Temporal has committed them. Implemented over its client in `temporal/history.ts`. */
export interface HistoryReader {
  /** The first run of the thread's chain; undefined when Temporal knows no such workflow. */
  firstRun(thread: string): Promise<string | undefined>;
  /** Number of events committed in a run so far. */
  length(thread: string, runId: string): Promise<number>;
  /**
   * The events after `token`, or from the run's beginning. At the end of an open run it waits for the next event, up to
   * 20 s, then answers without events. A token that the server does not take any more counts as none.
   */
  read(thread: string, runId: string, token: Uint8Array | null, signal: AbortSignal): Promise<HistoryPage>;
}

export interface HistoryPage {
  events: temporal.api.history.v1.IHistoryEvent[];
  /** Where the next page starts; null once the run is closed and read. */
  token: Uint8Array | null;
  /** The page starts at the run's beginning, whatever token was given. */
  fromStart: boolean;
}
