import { CancellationScope, condition, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import type { Thread } from '../src/harness/state.js';
import { sinks } from './sinks.js';

const { journal } = proxyLocalActivities<Activities>({ startToCloseTimeout: '10s' });

export interface JournalKeeper {
  /** Everything emitted is in history. */
  isWritten(): boolean;
}

/**
 * Writes what the thread emits into history, one batch per workflow task. `isSettled` says that the main loop will emit
 * no more in this task: writing earlier would only split the batch.
 */
export function keepJournal(thread: Thread, isSettled: () => boolean): JournalKeeper {
  let writing = 0;
  const write = async (): Promise<void> => {
    for (;;) {
      await condition(() => thread.entries.length > 0 && isSettled());
      const batch = thread.entries.splice(0);
      writing += 1;
      sinks.log.hint(thread.state.seq);
      void journal(batch).finally(() => {
        writing -= 1;
      });
    }
  };
  // The workflow may be cancelled; what it emits from then on is still written.
  void CancellationScope.nonCancellable(write);
  return { isWritten: () => writing === 0 && thread.entries.length === 0 };
}
