import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Courier } from '../catalog/webhooks/courier.js';
import { createSessionAnnouncer, type SessionAnnouncer } from '../catalog/webhooks/session-announcer.js';
import type { Config } from '../config/config.js';
import type { Database } from '../storage/database.js';
import { createStartDelivery } from '../temporal/deliveries.js';
import { removeOldDeliveries } from '../temporal/old-deliveries.js';
import { createDispatcher } from '../webhooks/dispatcher.js';
import type { CleanUp } from './clean-up.js';
import { createDeliveryWorker, type DeliveryWorkerDeps } from './delivery-worker.js';

export interface WebhooksDeps extends DeliveryWorkerDeps {
  log: (line: string) => void;
}

/** Webhooks at work. Where there is no endpoint nothing is started, read or written. */
export interface Webhooks {
  courier: Courier;
  announcer: Pick<SessionAnnouncer, 'note' | 'conclude'>;
  /** Goes on where an earlier process stopped. Not before the sessions' own worker has begun. */
  start(cleanUp: CleanUp): Promise<void>;
}

export function openWebhooks(config: Config, deps: WebhooksDeps): Webhooks {
  const { db, client, log } = deps;
  const report = (error: unknown): void => log(`webhooks: ${String(error)}`);
  const dispatcher = createDispatcher({
    db,
    start: createStartDelivery(client, config.webhookRetryMs),
    onError: report,
  });
  const worker = createDeliveryWorker(deps, report);
  const announcer = createSessionAnnouncer({
    db,
    courier: { outboxFilled: () => dispatcher.nudge() },
    onError: (id, error) => report(`of ${id} not all is announced yet: ${String(error)}`),
  });
  const tidying = createTidying(client, report);
  const refresh = async (): Promise<void> => {
    await announcer.refresh();
    if (!(await hasEndpoints(db))) return;
    worker.start();
    tidying.start();
  };
  let catchingUp = Promise.resolve();
  const again = createAgain(refresh, report);
  const stop = async (): Promise<void> => {
    await Promise.all([announcer.close(), dispatcher.close(), worker.stop(), tidying.stop(), again.stop(), catchingUp]);
  };
  return {
    courier: {
      endpointsChanged: () => again.run(),
      outboxFilled: () => dispatcher.nudge(),
    },
    announcer,
    async start(cleanUp) {
      cleanUp.add(() => stop());
      await refresh();
      if (!worker.isStarted()) return;
      dispatcher.nudge();
      catchingUp = announcer.catchUp().catch(report);
    },
  };
}

async function hasEndpoints(db: Database): Promise<boolean> {
  return (await db.selectFrom('webhook_endpoints').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** Resolves after the first attempt; one that failed is repeated until it succeeds. */
function createAgain(act: () => Promise<void>, report: (error: unknown) => void) {
  const stopping = new AbortController();
  let repeating: Promise<unknown> = Promise.resolve();
  const attempt = async (): Promise<boolean> => {
    try {
      await act();
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  };
  const repeat = async (): Promise<void> => {
    do await sleep(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => {});
    while (!stopping.signal.aborted && !(await attempt()));
  };
  return {
    async run() {
      if (!(await attempt())) repeating = Promise.all([repeating, repeat()]);
    },
    async stop() {
      stopping.abort();
      await repeating;
    },
  };
}

const AGAIN_MS = 1_000;

/** How long the history of a delivery can be looked at. */
const KEPT_MS = 7 * 24 * 3_600_000;
const TIDY_EVERY_MS = 6 * 3_600_000;

/** Once started it takes old deliveries away, now and then. */
function createTidying(client: Client, report: (error: unknown) => void) {
  const stopping = new AbortController();
  let work: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await removeOldDeliveries(client, new Date(Date.now() - KEPT_MS), stopping.signal).catch(report);
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
