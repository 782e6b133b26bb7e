import type { Cron, DayRule } from './cron.js';
import { offsetAt } from './time-zone.js';

/** Times of UTC: those whose every part is among the ones named. */
export interface Calendar extends DayRule {
  minutes: readonly number[];
  hours: readonly number[];
  months: readonly number[];
}

/**
 * Calendars of UTC that have every occurrence of the years to come, and where clocks are changed or a month ends at
 * another time some more. Whoever follows them depends on no other's knowledge of time zones.
 */
export function inUtc(cron: Cron, timeZone: string, now: number): Calendar[] {
  return offsetsFrom(timeZone, now).flatMap((offset) =>
    timesOf(cron, offset).flatMap(({ shift, minutes, hours }) =>
      cron.days.map((rule) => ({ minutes, hours, ...shiftDays(rule, cron.months, shift) })),
    ),
  );
}

const MINUTE = 60_000;
const DAY_MINUTES = 24 * 60;
const DAY = DAY_MINUTES * MINUTE;
const HORIZON = 3 * 366 * DAY;

/** How far the clocks are ahead of UTC at one time of the year or another. */
function offsetsFrom(timeZone: string, now: number): number[] {
  const offsets = new Set<number>();
  for (let at = now - DAY; at < now + HORIZON; at += 7 * DAY) offsets.add(offsetAt(timeZone, at));
  return [...offsets];
}

interface Times {
  /** How many days later it is then in UTC: -1, 0 or 1. */
  shift: number;
  minutes: number[];
  hours: number[];
}

/** Hours that have the same minutes are in one. */
function timesOf({ hours, minutes }: Cron, offset: number): Times[] {
  const byHour = new Map<number, number[]>();
  for (const shown of hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute))) {
    const time = shown - offset / MINUTE;
    byHour.set(Math.floor(time / 60), [...(byHour.get(Math.floor(time / 60)) ?? []), modulo(time, 60)]);
  }
  const groups = Map.groupBy(byHour, ([hour, present]) => `${Math.floor(hour / 24)} ${present.join()}`);
  return [...groups.values()].map((group) => ({
    shift: Math.floor((group[0]?.[0] ?? 0) / 24),
    minutes: group[0]?.[1] ?? [],
    hours: group.map(([hour]) => modulo(hour, 24)),
  }));
}

/** The days before or after. Where a month ends is left open, so both of its sides are in. */
function shiftDays({ dates, weekdays }: DayRule, months: readonly number[], shift: number) {
  const shifted = { weekdays: sorted(weekdays.map((day) => modulo(day + shift, 7))) };
  if (shift === 0) return { ...shifted, dates, months };
  const last = [28, 29, 30, 31];
  const crossing = shift < 0 ? dates.includes(1) : dates.some((date) => last.includes(date));
  const across = crossing ? (shift < 0 ? last : [1]) : [];
  const within = dates.map((date) => date + shift).filter((date) => date >= 1 && date <= 31);
  const next = crossing ? months.map((month) => modulo(month - 1 + shift, 12) + 1) : [];
  return { ...shifted, dates: sorted([...within, ...across]), months: sorted([...months, ...next]) };
}

function sorted(values: number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** Never negative. */
function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
