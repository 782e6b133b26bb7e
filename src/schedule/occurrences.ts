import type { Cron } from './cron.js';
import { offsetAt } from './time-zone.js';

/**
 * The instants after `after`, ascending, at which the clocks of a time zone show what the expression says: a time that a
 * clock change leaves out has none, one that it repeats has two. At most `count`, and none beyond fifty years.
 */
export function occurrences(cron: Cron, timeZone: string, after: number, count: number): number[] {
  const found: number[] = [];
  // The local date may be that of the day before or after.
  const first = Math.floor(after / DAY) - 1;
  let last = first + HORIZON_DAYS;
  for (let day = first; day < last; day += 1) {
    if (isWanted(cron, day)) found.push(...instantsOf(cron, timeZone, day).filter((instant) => instant > after));
    // Clocks that are put back past midnight show the end of a day after the start of the next.
    if (found.length >= count) last = Math.min(last, day + 2);
  }
  return found.sort((a, b) => a - b).slice(0, count);
}

/** Whether an instant is one of those. */
export function isOccurrence(cron: Cron, timeZone: string, instant: number): boolean {
  const shown = instant + offsetAt(timeZone, instant);
  const hour = Math.floor(modulo(shown, DAY) / HOUR);
  const minute = modulo(shown, HOUR) / MINUTE;
  return cron.minutes.includes(minute) && cron.hours.includes(hour) && isWanted(cron, Math.floor(shown / DAY));
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const HORIZON_DAYS = 50 * 366;

/** Whether a day counts; days are those since 1 January 1970. */
function isWanted({ months, days }: Cron, day: number): boolean {
  const date = new Date(day * DAY);
  if (!months.includes(date.getUTCMonth() + 1)) return false;
  return days.some((rule) => rule.dates.includes(date.getUTCDate()) && rule.weekdays.includes(date.getUTCDay()));
}

function instantsOf({ minutes, hours }: Cron, timeZone: string, day: number): number[] {
  const shown = hours.flatMap((hour) => minutes.map((minute) => day * DAY + hour * HOUR + minute * MINUTE));
  // No clock is further from UTC than 14 hours.
  const [start, end] = [day * DAY - 15 * HOUR, (day + 1) * DAY + 15 * HOUR];
  const [before, after] = [offsetAt(timeZone, start), offsetAt(timeZone, end)];
  if (before === after) return shown.map((local) => local - before);
  const change = changeBetween(timeZone, start, end);
  return [
    ...shown.map((local) => local - before).filter((instant) => instant < change),
    ...shown.map((local) => local - after).filter((instant) => instant >= change),
  ];
}

/** Never negative. */
function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

/** The minute from which on the zone is no longer as far from UTC as at `start`. Asking the zone is slow: it is halved. */
function changeBetween(timeZone: string, start: number, end: number): number {
  const before = offsetAt(timeZone, start);
  let [same, other] = [start, end];
  while (other - same > MINUTE) {
    const middle = same + Math.floor((other - same) / 2 / MINUTE) * MINUTE;
    if (offsetAt(timeZone, middle) === before) same = middle;
    else other = middle;
  }
  return other;
}
