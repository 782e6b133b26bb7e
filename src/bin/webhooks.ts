import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createWebhookActivities } from '../../activities/deliver-webhook.js';
import type { Courier } from '../catalog/webhooks/courier.js';
import { createSessionAnnouncer, type SessionAnnouncer } from '../catalog/webhooks/session-announcer.js';
import { createTargets } from '../catalog/webhooks/targets.js';
import type { Config } from '../config/config.js';
import type { Outbound } from '../net/outbound.js';
import type { Database } from '../storage/database.js';
import { createStartDelivery } from '../temporal/deliveries.js';
import { removeOldDeliveries } from '../temporal/old-deliveries.js';
import { startWebhookWorker, type WebhookWorker } from '../temporal/webhook-worker.js';
import type { Secrets } from '../vault/secrets.js';
import { createDispatcher } from '../webhooks/dispatcher.js';
import { createPost } from '../webhooks/post.js';
import type { CleanUp } from './clean-up.js';
import { WORKFLOW_BUNDLE } from './package-paths.js';

export interface WebhooksDeps {
  db: Database;
  client: Client;
  address: string;
  secrets: Secrets;
  outbound: Outbound;
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
  const worker = createLazyWorker(deps, report);
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
  const stop = async (): Promise<void> => {
    await Promise.all([announcer.close(), dispatcher.close(), worker.stop(), tidying.stop(), catchingUp]);
  };
  return {
    courier: {
      endpointsChanged: () => refresh().catch(report),
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

interface LazyWorker {
  /** Once; from then on it runs, and is started again should it fail. */
  start(): void;
  isStarted(): boolean;
  stop(): Promise<void>;
}

const RESTART_MS = 5_000;

function createLazyWorker(deps: WebhooksDeps, report: (error: unknown) => void): LazyWorker {
  const stopping = new AbortController();
  let running: WebhookWorker | undefined;
  let work: Promise<void> | undefined;
  const open = (): Promise<WebhookWorker> =>
    startWebhookWorker({
      address: deps.address,
      namespace: deps.client.options.namespace,
      bundle: WORKFLOW_BUNDLE,
      activities: createWebhookActivities({
        targets: createTargets({ ...deps, now: Date.now }),
        post: createPost(deps.outbound),
      }),
    });
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        running = await open();
        if (stopping.signal.aborted) await running.stop();
        await running.ended;
      } catch (error) {
        report(error);
        await sleep(RESTART_MS, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  };
  return {
    start: () => void (work ??= run()),
    isStarted: () => work !== undefined,
    async stop() {
      stopping.abort();
      await running?.stop().catch(() => {});
      await work;
    },
  };
}
