import { availableParallelism, loadavg } from 'node:os';

/** What the loop below takes on the machine this was written on, when it is quiet. */
const NOMINAL_MS = 110;
const ROUNDS = 20_000_000;

/**
 * A limit in ms, stretched by how much slower than usual this machine is at the moment, or was in the last minute, whose
 * work may just have ended: others may be taking its cores.
 */
export function patience(limitMs: number): number {
  const begun = performance.now();
  let sum = 0;
  for (let round = 0; round < ROUNDS; round += 1) sum = (sum + round) % 1_000_003;
  const took = performance.now() - begun + sum * 0;
  const [lastMinute = 0] = loadavg();
  return limitMs * Math.max(1, took / NOMINAL_MS, lastMinute / availableParallelism());
}

/** Tells whether a limit in ms is over, counted from now. When it is, a machine that is slow then is given more of it. */
export function deadline(limitMs: number): () => boolean {
  const begun = performance.now();
  const waited = (): number => performance.now() - begun;
  return () => waited() > limitMs && waited() > patience(limitMs);
}
