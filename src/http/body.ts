import { ApiError } from '../api-error.js';

/** Requests above this are answered with 413. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

const MAX_DEPTH = 100;

/** A request body as JSON; undefined when it is empty. Nesting is bounded, so that whoever walks the value may recurse. */
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
    throw new ApiError('invalid_request_error', 'The request body is not valid JSON.');
  }
}

function checkShape(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new ApiError('invalid_request_error', `The request body is nested deeper than ${MAX_DEPTH}.`);
    level = level.flatMap(children);
  }
}

function children(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  // A key that would become the prototype of whatever it is copied into.
  if (Object.hasOwn(value, '__proto__')) throw new ApiError('invalid_request_error', 'A key may not be "__proto__".');
  return Object.values(value);
}
