import type { z } from 'zod';

/** For text that is kept in a column of its own, and not within JSON: Postgres takes every character but one. */
export function storedText(text: z.ZodString) {
  return text.refine((value) => !value.includes('\0'), 'must not contain the character U+0000');
}
