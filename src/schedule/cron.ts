/** The values that each field of a cron expression stands for, ascending. Sunday is 0. */
export interface Cron {
  minutes: readonly number[];
  hours: readonly number[];
  months: readonly number[];
  /** A day counts when it is in any of these: two where both of its fields are restricted, else one. */
  days: readonly DayRule[];
}

/** Days that have one of the dates and one of the weekdays. */
export interface DayRule {
  dates: readonly number[];
  weekdays: readonly number[];
}

/**
 * Reads a five-field expression (behaviours §14): lists, ranges, steps, and the names of months and weekdays. Gives what is
 * wrong with it as text.
 */
export function parseCron(expression: string): Cron | string {
  const texts = expression.trim().split(/\s+/);
  if (expression.trim().startsWith('@')) return 'shortcuts such as @daily are not supported: write five fields';
  if (texts.length !== FIELDS.length) {
    return `must have five fields (minute, hour, day of month, month, day of week), not ${texts.length}`;
  }
  const fields: number[][] = [];
  for (const [index, field] of FIELDS.entries()) {
    const values = parseField(texts[index] ?? '', field);
    if (typeof values === 'string') return values;
    fields.push(values);
  }
  const [minutes = [], hours = [], dates = [], months = [], weekdays = []] = fields;
  return {
    minutes,
    hours,
    months,
    days: dayRules(dates, weekdays, { anyDate: texts[2] === '*', anyDay: texts[4] === '*' }),
  };
}

interface Field {
  what: string;
  min: number;
  max: number;
  /** Of the values from `min` on. */
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { what: 'minute', min: 0, max: 59 },
  { what: 'hour', min: 0, max: 23 },
  { what: 'day of month', min: 1, max: 31 },
  { what: 'month', min: 1, max: 12, names: MONTHS },
  { what: 'day of week', min: 0, max: 7, names: WEEKDAYS },
];
const SUNDAY = 7;

function parseField(text: string, field: Field): number[] | string {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const range = parsePart(part, field);
    if (!range)
      return `"${part}" is not a ${field.what}: numbers from ${field.min} to ${field.max}, as lists, ranges and steps`;
    for (let value = range.from; value <= range.to; value += range.step)
      values.add(value === SUNDAY && field.max === SUNDAY ? 0 : value);
  }
  return [...values].sort((a, b) => a - b);
}

interface Range {
  from: number;
  to: number;
  step: number;
}

/** `*`, `a`, `a-b`, and each with a step but the second, which has none. */
function parsePart(part: string, field: Field): Range | undefined {
  const [, all, first, last, every] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  const step = every === undefined ? 1 : Number(every);
  if (step === 0) return undefined;
  if (all !== undefined) return { from: field.min, to: field.max === SUNDAY ? SUNDAY - 1 : field.max, step };
  const from = valueOf(first, field);
  const to = last === undefined ? from : valueOf(last, field);
  const isStepOfOne = every !== undefined && last === undefined;
  if (from === undefined || to === undefined || from > to || isStepOfOne) return undefined;
  return { from, to, step };
}

function valueOf(text: string | undefined, { min, max, names = [] }: Field): number | undefined {
  if (text === undefined) return undefined;
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return min + named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

/** Cron's own rule: where both fields say something, a day that fits either of them counts. */
function dayRules(
  dates: number[],
  weekdays: number[],
  { anyDate, anyDay }: { anyDate: boolean; anyDay: boolean },
): DayRule[] {
  if (anyDate || anyDay) return [{ dates, weekdays }];
  return [
    { dates, weekdays: [0, 1, 2, 3, 4, 5, 6] },
    { dates: Array.from({ length: 31 }, (_, index) => index + 1), weekdays },
  ];
}
