import { createHash } from 'node:crypto';
import type { Cron } from './cron.js';
import { occurrences } from './occurrences.js';

/** How long after its time something is run, in milliseconds: what many have asked for at once is spread. */
export type Jitter = (id: string, cron: Cron, timeZone: string, scheduledAt: number) => number;

/**
 * From nothing up to 15 % of the time until the next occurrence, at least 5 s and at most 9 min; for the same deployment
 * and instant always the same.
 */
export const spread: Jitter = (id, cron, timeZone, scheduledAt) => {
  const [next = Infinity] = occurrences(cron, timeZone, scheduledAt, 1);
  const most = Math.min(Math.max(SHARE * (next - scheduledAt), LEAST_MS), MOST_MS);
  return Math.floor(fraction(`${id} ${scheduledAt}`) * most);
};

/** Everything at its very time. */
export const noJitter: Jitter = () => 0;

const SHARE = 0.15;
const LEAST_MS = 5_000;
const MOST_MS = 540_000;

/** At least 0, less than 1, and of no two texts the same for a reason. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}
