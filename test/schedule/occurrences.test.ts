import { assert, constant, constantFrom, integer, oneof, property, tuple, uniqueArray } from 'fast-check';
import { type Cron, parseCron } from '../../src/schedule/cron.js';
import { inUtc } from '../../src/schedule/in-utc.js';
import { isOccurrence, occurrences } from '../../src/schedule/occurrences.js';
import { isTimeZone } from '../../src/schedule/time-zone.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Zones, each with days on which its clocks are changed. */
const CHANGES: [zone: string, ...days: string[]][] = [
  ['America/New_York', '2026-11-01', '2027-03-14'],
  ['Europe/Berlin', '2026-10-25', '2027-03-28'],
  ['Europe/London', '2026-10-25', '2027-03-28'],
  // Half an hour.
  ['Australia/Lord_Howe', '2027-04-03', '2026-10-03'],
  // At midnight, so that the day before ends twice.
  ['America/Havana', '2026-11-01', '2027-03-14'],
  ['Asia/Beirut', '2026-10-24', '2027-03-28'],
  ['Pacific/Chatham', '2027-04-03', '2026-09-26'],
  ['America/St_Johns', '2026-11-01', '2027-03-14'],
  // A whole day is left out.
  ['Pacific/Apia', '2011-12-30'],
  ['UTC', '2027-01-01'],
  ['Asia/Kathmandu', '2027-01-01'],
];

function cronOf(expression: string): Cron {
  const cron = parseCron(expression);
  if (typeof cron === 'string') throw new Error(cron);
  return cron;
}

function fits(field: string, value: number): boolean {
  return field === '*' || field.split(',').includes(String(value));
}

/** What the clocks show, read minute by minute without any of the code under test. */
function literal(expression: string, timeZone: string, from: number, to: number): string[] {
  const [minute = '', hour = '', date = '', month = '', weekday = ''] = expression.split(' ');
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    weekday: 'short',
  });
  const found: string[] = [];
  for (let at = from; at <= to; at += 60_000) {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(parts.get('weekday') ?? '');
    const onDate = fits(date, Number(parts.get('day')));
    const onDay = fits(weekday, day);
    const counts =
      fits(minute, Number(parts.get('minute'))) &&
      fits(hour, Number(parts.get('hour'))) &&
      fits(month, Number(parts.get('month'))) &&
      (date !== '*' && weekday !== '*' ? onDate || onDay : onDate && onDay);
    if (counts) found.push(new Date(at).toISOString());
  }
  return found;
}

function valuesIn(min: number, max: number) {
  const list = uniqueArray(integer({ min, max }), { minLength: 1, maxLength: 4 }).map((values) => values.join());
  return oneof(constant('*'), list);
}

const expressions = tuple(
  uniqueArray(integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 3 }).map((values) => values.join()),
  valuesIn(0, 4),
  valuesIn(1, 31),
  valuesIn(1, 12),
  valuesIn(0, 6),
).map((fields) => fields.join(' '));

test.each(CHANGES.flatMap(([zone, ...days]) => days.map((day) => [zone, day] as const)))(
  'around a change of clocks in %s on %s, occurrences are what the clocks show',
  (timeZone, day) => {
    const from = Date.parse(`${day}T00:00:00Z`) - 1.5 * DAY;
    const to = from + 4 * DAY;
    assert(
      property(expressions, (expression) => {
        const cron = cronOf(expression);
        const found = occurrences(cron, timeZone, from - 1, 6_000).filter((at) => at <= to);
        expect(found.map((at) => new Date(at).toISOString())).toEqual(literal(expression, timeZone, from, to));
        expect(found.every((at) => isOccurrence(cron, timeZone, at))).toBe(true);
        expect(found.some((at) => isOccurrence(cron, timeZone, at + 30_000))).toBe(false);
      }),
      { numRuns: 3 },
    );
  },
);

/** Three, in New York. */
function texts(expression: string, day: string): string[] {
  return occurrences(cronOf(expression), 'America/New_York', Date.parse(`${day}T12:00:00Z`), 3).map((at) =>
    new Date(at).toISOString(),
  );
}

test('a time that is left out is passed over, one that comes twice is there twice', () => {
  expect(texts('30 2 * * *', '2027-03-12')).toEqual([
    '2027-03-13T07:30:00.000Z',
    '2027-03-15T06:30:00.000Z',
    '2027-03-16T06:30:00.000Z',
  ]);
  expect(texts('30 1 * * *', '2026-10-31')).toEqual([
    '2026-11-01T05:30:00.000Z',
    '2026-11-01T06:30:00.000Z',
    '2026-11-02T06:30:00.000Z',
  ]);
});

test('what is rare is found, what never comes is not', () => {
  const now = Date.parse('2026-11-22T00:00:00Z');
  const leap = occurrences(cronOf('0 0 29 2 *'), 'UTC', now, 3).map((at) => new Date(at).toISOString().slice(0, 10));
  expect(leap).toEqual(['2028-02-29', '2032-02-29', '2036-02-29']);
  expect(occurrences(cronOf('0 0 30 2 *'), 'UTC', now, 1)).toEqual([]);
});

test('the calendars of UTC miss no occurrence', () => {
  const zones = CHANGES.map(([zone]) => zone);
  const now = Date.parse('2026-11-22T00:00:00Z');
  assert(
    property(expressions, constantFrom(...zones), integer({ min: 0, max: 700 }), (expression, zone, days) => {
      const cron = cronOf(expression);
      const calendars = inUtc(cron, zone, now);
      for (const at of occurrences(cron, zone, now + days * DAY, 40)) {
        if (at > now + 3 * 365 * DAY) continue;
        const date = new Date(at);
        const fits = calendars.some(
          ({ minutes, hours, dates, months, weekdays }) =>
            minutes.includes(date.getUTCMinutes()) &&
            hours.includes(date.getUTCHours()) &&
            dates.includes(date.getUTCDate()) &&
            months.includes(date.getUTCMonth() + 1) &&
            weekdays.includes(date.getUTCDay()),
        );
        expect([expression, zone, date.toISOString(), fits]).toEqual([expression, zone, date.toISOString(), true]);
      }
    }),
    { numRuns: 60 },
  );
});

test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Calcutta', 'Etc/GMT+5', 'europe/berlin'])(
  '%s is a time zone',
  (name) => expect(isTimeZone(name)).toBe(true),
);

test.each(['', '+01:00', 'Mars/Base', 'Berlin', 'Europe/Berlin ', '../etc/passwd', 'UTC+1'])('%j is none', (name) =>
  expect(isTimeZone(name)).toBe(false),
);
