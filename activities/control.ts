/**
 * Lets a workflow's sink reach an activity of this process. A call that comes before its activity has begun is kept for
 * it: the sink runs while the workflow task that starts the activity may still be under way.
 */
export interface Control {
  abort(workflowId: string, activityId: string): void;
  detach(workflowId: string, activityId: string): void;
  /** Runs an activity under the signals; `lost` is its own. */
  run<T>(workflowId: string, activityId: string, lost: AbortSignal, act: (line: Lifeline) => Promise<T>): Promise<T>;
}

/** What ended an activity from outside, if anything did. */
export interface Lifeline {
  /** End the work and return what there is. */
  abort: AbortSignal;
  /** Let go of the work without ending it. */
  detach: AbortSignal;
  /** The worker shuts down: give the work to the next one. Also raised when Temporal has given this attempt up. */
  lost: AbortSignal;
}

const REMEMBERED = 1_000;

export function createControl(): Control {
  const running = new Map<string, { abort: AbortController; detach: AbortController }>();
  const early = new Map<string, 'abort' | 'detach'>();
  const raise = (key: string, what: 'abort' | 'detach'): void => {
    const controllers = running.get(key);
    if (controllers) return controllers[what].abort();
    early.set(key, what);
    const oldest = early.keys().next().value;
    if (early.size > REMEMBERED && oldest !== undefined) early.delete(oldest);
  };
  return {
    abort: (workflowId, activityId) => raise(`${workflowId} ${activityId}`, 'abort'),
    detach: (workflowId, activityId) => raise(`${workflowId} ${activityId}`, 'detach'),
    async run(workflowId, activityId, lost, act) {
      const key = `${workflowId} ${activityId}`;
      const controllers = { abort: new AbortController(), detach: new AbortController() };
      running.set(key, controllers);
      const missed = early.get(key);
      early.delete(key);
      if (missed) controllers[missed].abort();
      try {
        return await act({ abort: controllers.abort.signal, detach: controllers.detach.signal, lost });
      } finally {
        if (running.get(key) === controllers) running.delete(key);
      }
    },
  };
}
