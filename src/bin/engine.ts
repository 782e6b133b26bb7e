import type { Client } from '@temporalio/client';
import { createCompactContext } from '../../activities/compact-context.js';
import { createControl } from '../../activities/control.js';
import { createEvaluateOutcome } from '../../activities/evaluate-outcome.js';
import { createFairGate } from '../../activities/fair-gate.js';
import { createFinishedCalls } from '../../activities/finished-calls.js';
import { createDreamActivities, type DreamSteps } from '../../activities/dreams.js';
import { createFireActivities } from '../../activities/fires.js';
import { createGatedControl } from '../../activities/gated-control.js';
import { createRunTool, createStopTool } from '../../activities/run-tool.js';
import { createSampleModel } from '../../activities/sample-model.js';
import type { FileOf } from '../../activities/told-files.js';
import { acquireSandbox } from '../../activities/session-sandbox.js';
import type { SessionAnnouncer } from '../catalog/webhooks/session-announcer.js';
import type { Limits } from '../harness/state.js';
import type { FactsOf } from '../model/facts.js';
import type { Model } from '../model/model.js';
import type { Mounts } from '../mounts/mounts.js';
import type { Prices } from '../pricing/prices.js';
import type { Fires } from '../schedule/fire.js';
import type { Sandboxes, SandboxSpec } from '../sandbox/sandbox.js';
import type { Blobs } from '../session/blobs.js';
import { createBus } from '../session/bus.js';
import { createFreshness, createSessionLog } from '../session/log.js';
import { createProjector } from '../session/projector.js';
import type { SessionAgent, SessionLog, Sessions } from '../session/session.js';
import { createTranscripts } from '../session/transcripts.js';
import type { Database } from '../storage/database.js';
import { createHistoryReader } from '../temporal/history.js';
import { createPurge } from '../temporal/purge.js';
import { createSessions } from '../temporal/sessions.js';
import { createSweep } from '../temporal/sweep.js';
import { startWorker } from '../temporal/worker.js';
import { WORKFLOW_BUNDLE } from './package-paths.js';

export interface EngineDeps {
  client: Client;
  address: string;
  /** The id of the store that has the sessions. */
  store: string;
  db: Database;
  blobs: Blobs;
  model: Model;
  prices: Prices;
  factsOf: FactsOf;
  sandboxes: Sandboxes;
  spec: SandboxSpec;
  mounts: Mounts;
  limits: Limits;
  /** Model calls and tools at work at once. */
  maxRunning: number;
  maxCachedWorkflows: number;
  stickyTimeoutMs: number;
  /** Carries out what schedules cause. */
  fires: Promise<Fires>;
  dreamSteps: Promise<(workspace: string) => DreamSteps>;
  /** Told of what is projected, and asked before a session's log goes. */
  announcer: Pick<SessionAnnouncer, 'note' | 'conclude'>;
  agentOf(sessionId: string): Promise<SessionAgent>;
  /** What stands for files in messages. */
  fileOf: FileOf;
  /** Whom a session works for: clients share fairly what may be at work at once. */
  clientOf(sessionId: string): Promise<string>;
  log: (line: string) => void;
}

/** Sessions at work: commands go in by `sessions`, what happened is read from `log`. */
export interface Engine {
  sessions: Sessions;
  log: SessionLog;
  /** Takes a thread over from a process that died, and reads what that had not projected. */
  recover(thread: string): Promise<void>;
  /** Rejects when the worker fails for good. */
  ended: Promise<void>;
  /** Lets go of running commands and model calls; Temporal gives them to the next worker. */
  stop(): Promise<void>;
}

/** Puts log, worker and sandboxes together over one Temporal server. */
export async function startEngine(deps: EngineDeps): Promise<Engine> {
  const { client, db, blobs, sandboxes, spec, mounts, log } = deps;
  const bus = createBus((thread, { type }) => {
    deps.announcer.note(thread, type);
    if (type === 'session.status_idle') void mounts.rest(thread);
  });
  const control = createControl();
  const gate = createFairGate(deps.maxRunning);
  const fair = createGatedControl(control, gate, (id) => deps.clientOf(id));
  const finished = createFinishedCalls();
  const history = createHistoryReader(client);
  const onError = (thread: string, error: unknown): void => log(`the log of ${thread} is behind: ${String(error)}`);
  const projector = createProjector({ db, history, blobs, bus, onError });
  const transcripts = createTranscripts(db, projector);
  const freshness = createFreshness(projector);
  const prepareSandbox = (sessionId: string): void => {
    acquireSandbox(deps, sessionId).catch((error: unknown) => log(`no sandbox yet for ${sessionId}: ${String(error)}`));
  };
  const sessionLog = createSessionLog(db, bus, freshness);
  const activities = {
    journal: async <T>(batch: T): Promise<T> => batch,
    sampleModel: createSampleModel({ ...deps, transcripts, bus, control: fair, finished, prepareSandbox }),
    compactContext: createCompactContext({ ...deps, transcripts, control: fair }),
    evaluateOutcome: createEvaluateOutcome({ ...deps, transcripts, log: sessionLog, control: fair, finished }),
    runTool: createRunTool({ sandboxes, spec, mounts, blobs, control: fair, finished }),
    stopTool: createStopTool({ sandboxes, spec, mounts, blobs, control, finished }),
    ...createFireActivities(deps.fires),
    ...createDreamActivities(deps.dreamSteps),
  };
  const namespace = client.options.namespace;
  const worker = await startWorker({ ...deps, namespace, bundle: WORKFLOW_BUNDLE, activities, projector, control });
  const sweep = createSweep(client, () => worker.identity);
  const announce = (sessionId: string): Promise<void> => deps.announcer.conclude(sessionId);
  const purge = createPurge({ client, projector, announce, db, blobs, sandboxes, mounts, transcripts, freshness });
  const sessions = createSessions({ client, blobs, freshness, limits: deps.limits, sweep, purge });
  return {
    sessions: { ...sessions, archive: (id) => sessions.archive(id).then(() => letGo(deps, id)) },
    log: sessionLog,
    async recover(thread) {
      await sweep.release(thread);
      await freshness.settle(thread);
    },
    ended: worker.ended,
    async stop() {
      gate.close();
      await worker.stop();
      await projector.close();
    },
  };
}

/** Nothing will run in an archived session's sandbox any more: it ends, and what was written there is taken in. */
async function letGo({ sandboxes, mounts, log }: EngineDeps, sessionId: string): Promise<void> {
  await sandboxes.destroy(sessionId).catch((error: unknown) => log(`a sandbox is reclaimed later: ${String(error)}`));
  await mounts.collect(sessionId);
}
