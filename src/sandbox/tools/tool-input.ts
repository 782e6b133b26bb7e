import { z } from 'zod';
import type { Planned, ToolName, ToolPlan } from './tool.js';

// Linux takes no longer path, and no argument of a command over 128 KiB.
const MAX_PATH = 4096;

/** A path as the model wrote it: absolute, or relative to the workspace. */
export const pathInput = z.string().min(1).max(MAX_PATH).refine(hasNoNul, 'must not contain a NUL character');

/** A glob pattern or a regular expression. */
export const patternInput = z.string().min(1).max(MAX_PATH).refine(hasNoNul, 'must not contain a NUL character');

export function hasNoNul(text: string): boolean {
  return !text.includes('\0');
}

/** Checks `input` and plans with what it means. Fields that are null count as absent, unknown ones are ignored. */
export function planWith<T>(
  name: ToolName,
  schema: z.ZodType<T>,
  input: unknown,
  plan: (input: T) => Planned | ToolPlan,
): Planned {
  const given = withoutNulls(input);
  const parsed = schema.safeParse(given);
  if (!parsed.success) return { ok: false, refusal: `${name}: ${explain(parsed.error, given)}` };
  const planned = plan(parsed.data);
  return 'ok' in planned ? planned : { ok: true, plan: planned };
}

function withoutNulls(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

function explain(error: z.ZodError, given: unknown): string {
  const issue = error.issues[0];
  const field = issue?.path.join('.') ?? '';
  if (!issue || field === '') return 'the input must be an object with the fields of the schema';
  const value: unknown = typeof given === 'object' && given !== null ? Reflect.get(given, field) : undefined;
  if (value === undefined || value === '') return `${field} is required`;
  return `${field}: ${issue.message}`;
}
