import { ActivityFailure, type ActivityOptions, proxyActivities, sleep, TimeoutFailure } from '@temporalio/workflow';
import type { DreamActivities, DreamInput } from '../activities/dreams.js';

const LIMIT_MS = 3_600_000;
const LONGEST_PAUSE_MS = 5_000;

const OPTIONS: ActivityOptions = {
  // A process that is killed is noticed by its silence.
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '4s',
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
};

const { lookAtDream, endDream } = proxyActivities<DreamActivities>(OPTIONS);
// An attempt may have to write down what a hundred sessions have said.
const { beginDream } = proxyActivities<DreamActivities>({
  ...OPTIONS,
  startToCloseTimeout: LIMIT_MS,
  scheduleToCloseTimeout: LIMIT_MS,
});

/** One dream from its beginning to its end. */
export async function dream(input: DreamInput): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  let progress = await beginDream(input).catch(outOfTime);
  for (let pause = 250; progress === 'running' && Date.now() < until; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    await sleep(pause);
    progress = await lookAtDream(input);
  }
  await endDream(input, { timedOut: progress === 'running' });
}

/** It did not get to begin. */
function outOfTime(error: unknown): 'running' {
  if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) return 'running';
  throw error;
}
