/** Milliseconds since the epoch with fractions: times of processes of one machine can be compared. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
