import type { Fire, Skipped } from '../../schedule/fire.js';
import type { Jitter } from '../../schedule/jitter.js';
import { isOccurrence, occurrences } from '../../schedule/occurrences.js';
import type { DeploymentRow } from './deployment-tables.js';
import { timingOf } from './deployment-row.js';

export interface Present {
  now: number;
  jitter: Jitter;
}

/** When a fire is to be carried out, or why it is not. What was missed is made up for if it is the last and not long ago. */
export function dueAt(row: DeploymentRow | undefined, fire: Fire, { now, jitter }: Present): number | Skipped {
  if (!row) return skipped('there is no such deployment');
  if (row.archived_at !== null) return skipped('the deployment is archived');
  if (row.paused_reason !== null) return skipped('the deployment is paused');
  const timing = timingOf(row);
  if (!timing || row.schedule_revision !== fire.revision) return skipped('the schedule has been changed since');
  const { cron, timezone, expression } = timing;
  if (!isOccurrence(cron, timezone, fire.scheduled_at)) return skipped(`${expression} is not now in ${timezone}`);
  const due = fire.scheduled_at + jitter(row.id, cron, timezone, fire.scheduled_at);
  if (now - due > MISSED_MS) return skipped('it was missed and is too long ago');
  const [next = Infinity] = occurrences(cron, timezone, fire.scheduled_at, 1);
  return next <= now ? skipped('it was missed, and a later one is due') : due;
}

/** How late a fire may be (unknowns 102). */
const MISSED_MS = 600_000;

function skipped(reason: string): Skipped {
  return { type: 'skipped', reason };
}
