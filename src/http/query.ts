import { ApiError } from '../api-error.js';
import { parseTimestamp } from '../catalog/clock.js';

/** A query string, read field by field. An empty value counts as absent (the SDK sends null that way); unknown fields are ignored. */
export interface Query {
  text(name: string): string | undefined;
  /** An integer between `min` and `max`. */
  integer(name: string, range: { min: number; max: number }): number | undefined;
  flag(name: string): boolean | undefined;
  oneOf<Value extends string>(name: string, allowed: readonly Value[]): Value | undefined;
  /** `name[]=a&name[]=b`, percent-encoded or not, and `name=a&name=b`. */
  list<Value extends string>(name: string, allowed: readonly Value[]): Value[] | undefined;
  /** The same forms, of any values. */
  texts(name: string): string[] | undefined;
  /** `name[gte]=…` and its like, in milliseconds; undefined when none of the bounds is given. */
  times<Bound extends string>(name: string, bounds: readonly Bound[]): { [Key in Bound]?: number } | undefined;
}

/** Takes the URL as it came, path and all. */
export function readQuery(url: string): Query {
  const start = url.indexOf('?');
  const search = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
  const text = (name: string) => search.getAll(name).findLast((value) => value !== '');
  const texts = (name: string) => {
    const values = [...search.getAll(`${name}[]`), ...search.getAll(name)].filter((value) => value !== '');
    return values.length === 0 ? undefined : values;
  };
  return {
    text,
    integer: (name, range) => parseInteger(name, text(name), range),
    flag: (name) => parseFlag(name, text(name)),
    oneOf: (name, allowed) => {
      const value = text(name);
      return value === undefined ? undefined : member(name, value, allowed);
    },
    list: (name, allowed) => texts(name)?.map((value) => member(name, value, allowed)),
    texts,
    times: (name, bounds) => {
      const given = bounds.flatMap((bound) => {
        const key = `${name}[${bound}]`;
        const value = text(key);
        return value === undefined ? [] : [[bound, parseTime(key, value)] as const];
      });
      // The keys are bounds by construction; Object.fromEntries forgets that.
      return given.length === 0
        ? undefined
        : (Object.fromEntries(given) as { [Key in (typeof bounds)[number]]?: number });
    },
  };
}

function parseInteger(name: string, value: string | undefined, { min, max }: { min: number; max: number }) {
  if (value === undefined) return undefined;
  const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw refuse(name, `must be an integer between ${min} and ${max}`);
}

function parseFlag(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  return member(name, value, ['true', 'false']) === 'true';
}

function parseTime(name: string, value: string): number {
  const ms = parseTimestamp(value);
  if (ms === undefined) throw refuse(name, 'must be a timestamp like 2026-01-31T12:00:00Z');
  return ms;
}

function member<Value extends string>(name: string, value: string, allowed: readonly Value[]): Value {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw refuse(name, `"${value.slice(0, 100)}" is not one of ${allowed.join(', ')}`);
}

function refuse(name: string, message: string): ApiError {
  return new ApiError('invalid_request_error', `${name}: ${message}`);
}
