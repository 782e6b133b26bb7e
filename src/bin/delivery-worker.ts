import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { createWebhookActivities } from '../../activities/deliver-webhook.js';
import { createTargets } from '../catalog/webhooks/targets.js';
import type { Outbound } from '../net/outbound.js';
import type { Database } from '../storage/database.js';
import { startWebhookWorker, type WebhookWorker } from '../temporal/webhook-worker.js';
import type { Secrets } from '../vault/secrets.js';
import { createAttempt } from '../webhooks/attempt.js';
import { createPost } from '../webhooks/post.js';
import { WORKFLOW_BUNDLE } from './package-paths.js';

export interface DeliveryWorkerDeps {
  db: Database;
  client: Client;
  address: string;
  secrets: Secrets;
  outbound: Outbound;
}

/** What carries deliveries out, from when there is something to deliver. */
export interface DeliveryWorker {
  /** Once; from then on it runs, and is started again should it fail. */
  start(): void;
  isStarted(): boolean;
  stop(): Promise<void>;
}

const RESTART_MS = 5_000;

export function createDeliveryWorker(deps: DeliveryWorkerDeps, report: (error: unknown) => void): DeliveryWorker {
  const stopping = new AbortController();
  let running: WebhookWorker | undefined;
  let work: Promise<void> | undefined;
  const targets = createTargets({ ...deps, now: Date.now });
  const activities = createWebhookActivities(
    createAttempt({ targets, post: createPost(deps.outbound), onError: report }),
  );
  const open = (): Promise<WebhookWorker> =>
    startWebhookWorker({
      address: deps.address,
      namespace: deps.client.options.namespace,
      bundle: WORKFLOW_BUNDLE,
      activities,
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
