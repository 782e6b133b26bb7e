import { DefaultLogger, NativeConnection, Runtime, Worker, type InjectedSinks } from '@temporalio/worker';
import type { Activities } from '../../activities/activities.js';
import type { DreamActivities } from '../../activities/dreams.js';
import type { Control } from '../../activities/control.js';
import type { SessionSinks } from '../../workflows/sinks.js';
import type { FireActivities } from '../schedule/fire.js';
import type { Projector } from '../session/projector.js';
import { TASK_QUEUE } from './task-queue.js';
import { newWorkerIdentity } from './worker-identity.js';

export interface WorkerDeps {
  address: string;
  namespace: string;
  /** The id of the store that it works for. */
  store: string;
  /** File with the workflow code, bundled when Drover was built. */
  bundle: string;
  activities: Activities & FireActivities & DreamActivities;
  projector: Projector;
  control: Control;
  /** Activities at work at once. */
  maxRunning: number;
  maxCachedWorkflows: number;
  stickyTimeoutMs: number;
  log: (line: string) => void;
}

export interface SessionWorker {
  /** Who this worker is to Temporal; no other process has the same. */
  readonly identity: string;
  /** Rejects when the worker fails for good. */
  readonly ended: Promise<void>;
  /** Takes no more work and lets go of what runs. */
  stop(): Promise<void>;
}

/** How long activities may take to let go at shutdown. */
const FORCE_MS = 3_500;
/** Activities that wait here for their turn, each with a heartbeat. Those beyond wait at Temporal, first come, first served. */
const WAITING_ROOM = 400;

/** Runs sessions' workflows and activities until stopped. */
export async function startWorker(deps: WorkerDeps): Promise<SessionWorker> {
  installRuntime(deps.log);
  const connection = await NativeConnection.connect({ address: deps.address });
  const worker = await Worker.create({
    connection,
    namespace: deps.namespace,
    taskQueue: TASK_QUEUE,
    identity: newWorkerIdentity(deps.store),
    workflowBundle: { codePath: deps.bundle },
    activities: deps.activities,
    sinks: sinksOf(deps),
    maxCachedWorkflows: deps.maxCachedWorkflows,
    stickyQueueScheduleToStartTimeout: deps.stickyTimeoutMs,
    maxConcurrentActivityTaskExecutions: deps.maxRunning + WAITING_ROOM,
    // Detaching takes no grace: commands go on without us.
    shutdownGraceTime: 0,
    shutdownForceTime: FORCE_MS,
  });
  const ended = run(worker, connection);
  return {
    identity: worker.options.identity,
    ended,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

/** Ends with the worker, whose connection goes with it. */
export async function run(worker: Worker, connection: NativeConnection): Promise<void> {
  try {
    await worker.run();
  } finally {
    await connection.close();
  }
}

function sinksOf({ projector, control }: WorkerDeps): InjectedSinks<SessionSinks> {
  return {
    log: { hint: { fn: ({ workflowId }, seq) => projector.hint(workflowId, seq), callDuringReplay: false } },
    control: {
      abort: { fn: ({ workflowId }, activityId) => control.abort(workflowId, activityId), callDuringReplay: false },
      detach: { fn: ({ workflowId }, activityId) => control.detach(workflowId, activityId), callDuringReplay: false },
    },
  };
}

let installed = false;

/** The SDK's runtime is one per process and takes its logger once. */
function installRuntime(log: (line: string) => void): void {
  if (installed) return;
  installed = true;
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    const error = meta?.['error'];
    log(`temporal ${level.toLowerCase()}: ${message}${error instanceof Error ? ` (${error.message})` : ''}`);
  });
  Runtime.install({ logger, shutdownSignals: [] });
}
