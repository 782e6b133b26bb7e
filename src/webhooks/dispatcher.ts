import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../storage/database.js';
import type { Delivery } from './webhooks.js';

/**
 * Hands what is in the outbox over to Temporal. A row goes when Temporal has its delivery, and a delivery that was handed
 * over before is not begun again: so a crash in between neither loses nor doubles one.
 */
export interface Dispatcher {
  /** There is something in the outbox, or will be in a moment: whoever writes it may not have committed yet. */
  nudge(): void;
  close(): Promise<void>;
}

export interface DispatcherDeps {
  db: Database;
  /** Resolves once the delivery is in Temporal's hands, also if it was already. */
  start: (delivery: Delivery) => Promise<void>;
  onError: (error: unknown) => void;
}

/** After how long it is looked again for what was written in a transaction that was still open. */
const LOOK_AGAIN_MS = [20, 200, 2_000, 20_000];
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;
const AT_ONCE = 20;

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const closing = new AbortController();
  let looksLeft: number[] = [];
  let work: Promise<void> | undefined;
  /** Ends the pause before a look; not the one after a failure. */
  let wake = new AbortController();
  const pause = (ms: number, ...ends: AbortSignal[]): Promise<void> =>
    sleep(ms, undefined, { signal: AbortSignal.any([closing.signal, ...ends]) }).catch(() => {});
  const run = async (): Promise<void> => {
    let retryMs = FIRST_RETRY_MS;
    for (let next = looksLeft.shift(); next !== undefined && !closing.signal.aborted; next = looksLeft.shift()) {
      await pause(next, wake.signal);
      wake = new AbortController();
      try {
        await drain(deps, closing.signal);
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        deps.onError(error);
        await pause(retryMs);
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
        looksLeft = [0, ...LOOK_AGAIN_MS];
      }
    }
    work = undefined;
  };
  return {
    nudge() {
      if (closing.signal.aborted) return;
      looksLeft = [0, ...LOOK_AGAIN_MS];
      wake.abort();
      work ??= run();
    },
    async close() {
      closing.abort();
      await work;
    },
  };
}

async function drain({ db, start }: DispatcherDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rows = await db
      .selectFrom('webhook_outbox')
      .select(['event_id', 'endpoint_id', 'body'])
      .orderBy('created_at')
      .orderBy('event_id')
      .limit(AT_ONCE)
      .execute();
    if (rows.length === 0) return;
    // One that fails is not in the way of the others, and none is left under way.
    const outcomes = await Promise.allSettled(rows.map((row) => handOver(db, start, row)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function handOver(db: Database, start: DispatcherDeps['start'], delivery: Delivery): Promise<void> {
  await start(delivery);
  await db
    .deleteFrom('webhook_outbox')
    .where('event_id', '=', delivery.event_id)
    .where('endpoint_id', '=', delivery.endpoint_id)
    .execute();
}
