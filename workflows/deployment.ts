import { ApplicationFailure, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { FireActivities, FireInput, FireResult } from '../src/schedule/fire.js';

const { planFire, carryOutFire } = proxyActivities<FireActivities>({
  // A process that is killed is noticed by its silence.
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '4s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** One firing of a deployment's schedule: waits out its jitter, then has the session made and the run recorded. */
export async function deployment(input: FireInput): Promise<FireResult> {
  const fire = { ...input, scheduled_at: scheduledAt() };
  const plan = await planFire(fire);
  if (plan.type === 'skipped') return plan;
  if (plan.after_ms > 0) await sleep(plan.after_ms);
  return carryOutFire(fire);
}

/** The instant that the schedule's expression named, which Temporal notes on each workflow that a schedule starts. */
function scheduledAt(): number {
  const [at] = workflowInfo().searchAttributes['TemporalScheduledStartTime'] ?? [];
  if (at instanceof Date) return at.getTime();
  throw ApplicationFailure.nonRetryable('Only a schedule can start this workflow: it says for which instant.');
}
