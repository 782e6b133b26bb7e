import { setTimeout as sleep } from 'node:timers/promises';
import type { Courier } from '../catalog/webhooks/courier.js';
import { createSessionAnnouncer, type SessionAnnouncer } from '../catalog/webhooks/session-announcer.js';
import type { Config } from '../config/config.js';
import type { Database } from '../storage/database.js';
import { createStartDelivery, DELIVERY } from '../temporal/deliveries.js';
import { removeOldWorkflows } from '../temporal/old-workflows.js';
import { createDispatcher } from '../webhooks/dispatcher.js';
import type { CleanUp } from './clean-up.js';
import { createDeliveryWorker, type DeliveryWorkerDeps } from './delivery-worker.js';
import { createTidying } from './old-histories.js';

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
  const tidying = createTidying(
    (before, stopping) => removeOldWorkflows(client, { type: DELIVERY, before, stopping }),
    report,
  );
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
