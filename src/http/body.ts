import { ApiError } from '../api-error.js';

/** Requests above this are answered with 413. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

const MAX_DEPTH = 100;

/** Each may be wrong in its own way, and to say so of millions would stop the server for minutes. */
const MAX_VALUES = 100_000;

/**
 * A request body as JSON; undefined when it is empty. Nesting is bounded, so that whoever walks the value may recurse,
 * and so is the number of values in it.
 */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  const value = parse(text);
  checkShape(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refuse('is not valid JSON');
  }
}

function checkShape(root: unknown): void {
  let level: unknown[] = [root];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw refuse(`is nested deeper than ${MAX_DEPTH}`);
    values += level.length;
    if (values > MAX_VALUES) throw refuse(`has more than ${MAX_VALUES} values`);
    level = level.flatMap(children);
  }
}

function children(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  // A key that would become the prototype of whatever it is copied into.
  if (Object.hasOwn(value, '__proto__')) throw refuse('has a key "__proto__"');
  return Object.values(value);
}

function refuse(what: string): ApiError {
  return new ApiError('invalid_request_error', `The request body ${what}.`);
}
