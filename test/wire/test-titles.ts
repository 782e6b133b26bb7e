import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseSync } from '@swc/core';

const ROOT = resolve(__dirname, '../..');

/** The titles of the tests that a file defines and runs, as they are written there. */
export function titlesIn(file: string): string[] {
  const titles: string[] = [];
  const program: unknown = parseSync(readFileSync(join(ROOT, file), 'utf8'), { syntax: 'typescript' });
  visit(program, (title) => titles.push(title));
  return titles;
}

interface Node {
  type?: unknown;
  [field: string]: unknown;
}

function visit(value: unknown, found: (title: string) => void): void {
  if (typeof value !== 'object' || value === null) return;
  // Any object can be looked at field by field.
  const node = value as Node;
  const title = node.type === 'CallExpression' ? titleOf(node) : undefined;
  if (title !== undefined) found(title);
  for (const child of Object.values(node)) visit(child, found);
}

/** A test is a call of a text and a function: `test('…', …)`, `test.each(…)('…', …)`, `each(…)('…', …)`. */
function titleOf({ callee, arguments: given }: Node): string | undefined {
  if (!Array.isArray(given)) return undefined;
  const [title, body] = given.map((argument: Node) => argument['expression'] as Node | undefined);
  const isTest = title?.type === 'StringLiteral' && isFunction(body) && TESTS.has(rootOf(callee));
  return isTest && typeof title['value'] === 'string' ? title['value'] : undefined;
}

const TESTS: ReadonlySet<string> = new Set(['test', 'each', 'test.each', 'test.concurrent', 'test.concurrent.each']);

function isFunction(node: Node | undefined): boolean {
  return node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';
}

/** `test.each` of `test.each(rows)`: the name without the calls. */
function rootOf(callee: unknown): string {
  const { type, value, object, property, callee: inner } = callee as Node;
  if (type === 'CallExpression') return rootOf(inner);
  if (type === 'MemberExpression') return `${rootOf(object)}.${rootOf(property)}`;
  return typeof value === 'string' ? value : '';
}
