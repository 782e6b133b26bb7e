import { NativeConnection, Worker } from '@temporalio/worker';
import type { WebhookActivities } from '../../activities/deliver-webhook.js';
import { WEBHOOK_QUEUE } from './task-queue.js';
import { run } from './worker.js';

export interface WebhookWorkerDeps {
  address: string;
  namespace: string;
  /** File with the workflow code. */
  bundle: string;
  activities: WebhookActivities;
}

export interface WebhookWorker {
  /** Rejects when the worker fails for good. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** For an attempt under way at shutdown to end by itself. */
const GRACE_MS = 500;
const FORCE_MS = 2_000;
/** Endpoints that answer slowly take these places, and no session's. */
const AT_ONCE = 200;
const CACHED_WORKFLOWS = 50;

/** Carries deliveries out, beside the worker of the sessions: neither takes the other's places or memory. */
export async function startWebhookWorker(deps: WebhookWorkerDeps): Promise<WebhookWorker> {
  const connection = await NativeConnection.connect({ address: deps.address });
  const worker = await Worker.create({
    connection,
    namespace: deps.namespace,
    taskQueue: WEBHOOK_QUEUE,
    workflowBundle: { codePath: deps.bundle },
    activities: deps.activities,
    maxCachedWorkflows: CACHED_WORKFLOWS,
    maxConcurrentActivityTaskExecutions: AT_ONCE,
    shutdownGraceTime: GRACE_MS,
    shutdownForceTime: FORCE_MS,
  });
  const ended = run(worker, connection);
  return {
    ended,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}
