import { proxyActivities, sleep } from '@temporalio/workflow';
import type { DreamActivities, DreamInput } from '../activities/dreams.js';

const { beginDream, lookAtDream, endDream } = proxyActivities<DreamActivities>({
  // A process that is killed is noticed by its silence.
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '4s',
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
});

const LIMIT_MS = 3_600_000;
const LONGEST_PAUSE_MS = 5_000;

/** One dream from its beginning to its end. */
export async function dream(input: DreamInput): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  let progress = await beginDream(input);
  for (let pause = 250; progress === 'running' && Date.now() < until; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    await sleep(pause);
    progress = await lookAtDream(input);
  }
  await endDream(input, { timedOut: progress === 'running' });
}
