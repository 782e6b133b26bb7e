import type { z } from 'zod';
import { ApiError } from '../api-error.js';

/** The value as the schema types it, or an `invalid_request_error` that names the field: `tools.0.configs.1.name: …`. */
export function validate<Output>(schema: z.ZodType<Output>, value: unknown, codes: FieldCodes = {}): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(describe);
  const shown = problems.slice(0, SHOWN).map((problem) => problem.text);
  const code = codes[String(problems[0]?.path[0])];
  throw new ApiError('invalid_request_error', shown.join('; '), code === undefined ? {} : { code });
}

/** `error.details.error_code` by the first segment of the path. */
export type FieldCodes = Readonly<Record<string, string>>;

/** What a rule that spans several fields throws. */
export function invalid(path: string, message: string, code?: string): ApiError {
  return new ApiError('invalid_request_error', `${path}: ${message}`, code === undefined ? {} : { code });
}

const SHOWN = 3;

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

interface Problem {
  path: Path;
  text: string;
}

function describe(issue: Issue): Problem {
  const { path, message } = innermost(issue, []);
  const field = path.map((name) => shorten(String(name), 100)).join('.');
  const fault = shorten(message, 300);
  return { path, text: field === '' ? `The request body: ${fault}` : `${field}: ${fault}` };
}

function innermost(issue: Issue, prefix: Path): { path: Path; message: string } {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union') {
    const inner = closest(issue.errors);
    if (inner) return innermost(inner, path);
    const firsts = issue.errors.flatMap((issues) => issues.slice(0, 1));
    return { path, message: plain(ofUnion(firsts.map(({ message }) => message)) ?? issue.message) };
  }
  if (issue.code === 'invalid_key' && issue.issues[0]) {
    return { path, message: `the key is not valid: ${issue.issues[0].message}` };
  }
  return { path, message: plain(issue.message) };
}

/** Of a union's branches, the one whose complaint lies deepest is the one that was meant. */
function closest(branches: readonly Issue[][]): Issue | undefined {
  const firsts = branches.flatMap((issues) => issues.slice(0, 1));
  return firsts.find((issue) => issue.path.length > 0);
}

/** Where no branch got further: what the one complains of that takes such a value, or else what they all take. */
function ofUnion(messages: string[]): string | undefined {
  const types = messages.map((message) => WRONG_TYPE.exec(message)?.groups);
  const { received } = types[0] ?? {};
  const expected = new Set(types.map((type) => type?.['expected']));
  if (!received || expected.has(undefined)) return messages.find((message) => !WRONG_TYPE.test(message));
  return `Invalid input: expected ${[...expected].join(' or ')}, received ${received}`;
}

const WRONG_TYPE = /^Invalid input: expected (?<expected>\w+), received (?<received>\w+)$/;

function plain(message: string): string {
  return isMissing(message) ? 'is required' : message;
}

function isMissing(message: string): boolean {
  return message.endsWith('received undefined');
}

/** Names that the caller made up are part of paths and messages: these stay readable. */
function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
