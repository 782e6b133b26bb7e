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

/** What a complete RFC 3339 timestamp says, in milliseconds; undefined when it is none. */
export function parseTimestamp(text: string): number | undefined {
  const [, date] = RFC_3339.exec(text) ?? [];
  if (date === undefined || !isDay(date)) return undefined;
  const ms = Date.parse(text.replace(' ', 'T').toUpperCase());
  // An offset may lead out of the years that have four digits.
  return Number.isNaN(ms) || !/^\d{4}-/.test(toTimestamp(ms)) ? undefined : ms;
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** Date.parse takes the 30th of February for a day in March. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && toTimestamp(ms).startsWith(date);
}

/** RFC 3339 in UTC with milliseconds; null stays null. */
export function toTimestamp<Ms extends number | null>(ms: Ms): Ms extends null ? null : string;
export function toTimestamp(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
