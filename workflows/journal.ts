import { CancellationScope, condition, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.js';
import type { Thread } from '../src/harness/state.js';
import type { JournalEntry } from '../src/session/journal.js';
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
  let isWriting = false;
  const write = async (): Promise<void> => {
    for (;;) {
      await condition(() => thread.entries.length > 0 && isSettled());
      isWriting = true;
      sinks.log.hint(thread.state.seq);
      // One after the other: side by side their markers could come in any order.
      for (const batch of batchesOf(thread.entries.splice(0))) await journal(batch);
      isWriting = false;
    }
  };
  // The workflow may be cancelled; what it emits from then on is still written.
  void CancellationScope.nonCancellable(write);
  return { isWritten: () => !isWriting && thread.entries.length === 0 };
}

/** Characters of JSON, each up to three bytes; Temporal takes 2 MiB. Only many large inputs at once come near it. */
const LARGEST_BATCH = 524_288;

function batchesOf(entries: JournalEntry[]): JournalEntry[][] {
  const batches: JournalEntry[][] = [];
  let size = Infinity;
  for (const entry of entries) {
    const length = JSON.stringify(entry).length;
    size += length;
    if (size > LARGEST_BATCH) {
      batches.push([]);
      size = length;
    }
    batches.at(-1)?.push(entry);
  }
  return batches;
}
