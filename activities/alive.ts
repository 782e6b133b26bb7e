import { Context } from '@temporalio/activity';
import type { Control, Lifeline } from './control.js';

/**
 * Runs an activity that says every quarter of its heartbeat timeout that it lives. A cancellation by the workflow is an
 * abort; any other (shutdown, a timeout that passed, a newer attempt) raises `lost`.
 */
export async function alive<T>(control: Control, act: (line: Lifeline) => Promise<T>): Promise<T> {
  const context = Context.current();
  const { workflowExecution, activityId, heartbeatTimeoutMs } = context.info;
  const lost = new AbortController();
  const beat = setInterval(() => context.heartbeat(), (heartbeatTimeoutMs ?? 4_000) / 4);
  const workflowId = workflowExecution?.workflowId ?? '';
  const onCancel = (): void => {
    if (context.cancellationDetails?.cancelRequested === true) control.abort(workflowId, activityId);
    else lost.abort();
  };
  context.cancellationSignal.addEventListener('abort', onCancel);
  try {
    return await control.run(workflowId, activityId, lost.signal, act);
  } finally {
    clearInterval(beat);
    context.cancellationSignal.removeEventListener('abort', onCancel);
  }
}

/** Thrown so that Temporal starts the next attempt, here or on another worker. */
export class AttemptLost extends Error {
  constructor() {
    super('The worker let go of this attempt; the next one takes it up.');
    this.name = 'AttemptLost';
  }
}
