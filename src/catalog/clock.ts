/** Milliseconds since the epoch. */
export type Clock = () => number;

/** A clock that rises with every reading, so that what one process makes is listed in the order it was made. */
export function createRisingClock(now: Clock = Date.now): Clock {
  let last = 0;
  return () => {
    last = Math.max(last + 1, now());
    return last;
  };
}

/** RFC 3339 in UTC with milliseconds. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
