import { randomUUID } from 'node:crypto';
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ApiError } from '../api-error.js';
import {
  UPDATES,
  WORKFLOW_TYPE,
  type EventsRequest,
  type UpdateResult,
  type WorkflowInput,
} from '../harness/protocol.js';
import type { Limits } from '../harness/state.js';
import type { Blobs } from '../session/blobs.js';
import { detach, detachAll } from '../session/bodies.js';
import type { Freshness } from '../session/log.js';
import { listed } from '../session/projection.js';
import type { Sessions, SessionStart } from '../session/session.js';
import { GRPC, grpcCode } from './connection.js';
import { PATIENCE_MS, unavailable, withPatience } from './patience.js';
import type { Sweep } from './sweep.js';
import { TASK_QUEUE } from './task-queue.js';

export interface SessionsDeps {
  client: Client;
  blobs: Blobs;
  freshness: Freshness;
  limits: Limits;
  sweep: Sweep;
  /** Removes all that is kept of a session whose workflow is over. */
  purge(sessionId: string): Promise<void>;
}

/** Sessions as Temporal workflows: the workflow id is the session's. */
export function createSessions(deps: SessionsDeps): Sessions {
  /** `over` when the session has ended already. */
  const attempt = async (sessionId: string, name: string, request: unknown = {}): Promise<UpdateResult | 'over'> => {
    const result = await executeUpdate(deps, sessionId, name, request);
    if (result === 'over') {
      // It may have been ended from outside: then nothing else has told the log.
      deps.freshness.forget(sessionId);
      await deps.freshness.settle(sessionId);
      return 'over';
    }
    deps.freshness.acknowledge(sessionId, result.seq);
    return result;
  };
  const update = async (sessionId: string, name: string, request?: unknown): Promise<UpdateResult> => {
    const result = await attempt(sessionId, name, request);
    if (result === 'over') throw over();
    return result;
  };
  return {
    async start(start) {
      const events = await detachAll(start.initial_events, start.session_id, deps.blobs);
      const isNew = await startWorkflow(deps, { ...start, initial_events: events });
      // One that was there may still be in the hands of a worker that died.
      if (isNew) deps.sweep.own(start.session_id);
      else await deps.sweep.release(start.session_id);
      // A session that begins with events is running from the start: they and its status are one batch of the log.
      if (events.length > 0) deps.freshness.acknowledge(start.session_id, events.length);
    },
    async send(sessionId, events) {
      const request_id = randomUUID();
      const request: EventsRequest = {
        request_id,
        events: await detachAll(events, sessionId, deps.blobs),
      };
      const { processed = {} } = await update(sessionId, UPDATES.events, request);
      return events.map((event) => listed({ ...event }, processed[event.id] ?? null));
    },
    async update(sessionId, { agent, ...change }) {
      // All else is short, and metadata is merged by the workflow.
      const detached = agent && { agent: await detach(agent, sessionId, deps.blobs) };
      await update(sessionId, UPDATES.change, { ...change, ...detached });
    },
    // What is over is archived: another request may have been faster, one of a process that died among them.
    archive: async (sessionId) => void (await attempt(sessionId, UPDATES.archive)),
    async delete(sessionId, { running = false } = {}) {
      if (running) await terminate(deps.client, sessionId);
      // Its workflow may be over already: an archived session, or a deletion that was cut off.
      await executeUpdate(deps, sessionId, UPDATES.delete, {});
      await deps.purge(sessionId);
    },
  };
}

/** False when it was there already: nobody else has this id, so it was an attempt of ours that was cut off. */
async function startWorkflow(deps: SessionsDeps, start: SessionStart): Promise<boolean> {
  const input: WorkflowInput = { start, limits: deps.limits };
  const starting = withPatience(deps.client, () =>
    deps.client.workflow.start(WORKFLOW_TYPE, {
      workflowId: start.session_id,
      taskQueue: TASK_QUEUE,
      // What a worker that was killed had in hand is given to the next one only after this: the server cannot be told.
      workflowTaskTimeout: '3s',
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: start.title ?? start.agent_name,
    }),
  );
  try {
    await starting;
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

const RETRY_MS = 50;

/**
 * One update of the workflow's current run; `over` when there is no run any more. A run may end by continuing as new
 * while the update is under way: it is then sent to the next run, which knows by its id whether it has been carried out.
 */
async function executeUpdate(
  deps: SessionsDeps,
  workflowId: string,
  name: string,
  request: unknown,
): Promise<UpdateResult | 'over'> {
  await deps.sweep.release(workflowId);
  const handle = deps.client.workflow.getHandle(workflowId);
  const args: [unknown] = [request];
  const updateId = randomUUID();
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await withPatience(deps.client, () =>
        handle.executeUpdate<UpdateResult, [unknown]>(name, { args, updateId }),
      );
    } catch (error) {
      const reason = refusal(error);
      if (reason) throw reason;
      if (grpcCode(error) !== GRPC.notFound && !isBetweenRuns(error)) throw error;
      if (!(await isRunning(deps.client, workflowId))) return 'over';
      if (Date.now() > deadline) throw unavailable('The session takes no requests at the moment.');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function terminate(client: Client, workflowId: string): Promise<void> {
  try {
    await withPatience(client, () => client.workflow.getHandle(workflowId).terminate('The session is undone.'));
  } catch (error) {
    if (grpcCode(error) !== GRPC.notFound && !(error instanceof WorkflowNotFoundError)) throw error;
  }
}

function refusal(error: unknown): ApiError | undefined {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure && cause.type === 'invalid_request_error') {
    const [code] = cause.details ?? [];
    return new ApiError('invalid_request_error', cause.message, typeof code === 'string' ? { code } : {});
  }
  return undefined;
}

/** The server refuses, or gives up, an update of a run that is just ending. */
function isBetweenRuns(error: unknown): boolean {
  if (grpcCode(error) === GRPC.aborted) return true;
  return (
    error instanceof WorkflowUpdateFailedError &&
    /Workflow Update was aborted|Workflow.*(completed|closing)/i.test(String(error.cause))
  );
}

async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    const { status } = await withPatience(client, () => client.workflow.getHandle(workflowId).describe());
    return status.name === 'RUNNING';
  } catch (error) {
    if (grpcCode(error) === GRPC.notFound) return false;
    throw error;
  }
}

function over(): ApiError {
  return new ApiError('invalid_request_error', 'The session is archived or terminated and takes no more events.');
}
