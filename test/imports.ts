import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync } from '@swc/core';

export interface Import {
  /** Path from the root of the repository. */
  from: string;
  /** The same for a file of ours; else the package's name, or `node` for what comes with it. */
  to: string;
  /** Gone once compiled. */
  isType: boolean;
}

const ROOT = resolve(__dirname, '..');

/** Every TypeScript file below these folders, by its path from the root. */
export function sourceFiles(folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
}

/** What a file imports: static, dynamic, re-exported, or only as a type. */
export function importsOf(file: string): Import[] {
  const imports: Import[] = [];
  const program: unknown = parseSync(readFileSync(join(ROOT, file), 'utf8'), { syntax: 'typescript' });
  visit(program, (specifier, isType) => imports.push({ from: file, to: target(file, specifier), isType }));
  return imports;
}

type Found = (specifier: string, isType: boolean) => void;

interface Node {
  type?: unknown;
  [field: string]: unknown;
}

function visit(value: unknown, found: Found): void {
  if (typeof value !== 'object' || value === null) return;
  // Any object can be looked at field by field.
  const node = value as Node;
  inspect(node, found);
  for (const child of Object.values(node)) visit(child, found);
}

function inspect(node: Node, found: Found): void {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (node['source']) found(text(node['source']), node['typeOnly'] === true || areTypes(node['specifiers']));
      break;
    case 'TsImportType':
      found(text(node['argument']), true);
      break;
    case 'CallExpression':
      if (field(node['callee'], 'type') === 'Import')
        found(text(field(firstOf(node['arguments']), 'expression')), false);
      break;
    default:
  }
}

function areTypes(specifiers: unknown): boolean {
  return (
    Array.isArray(specifiers) && specifiers.length > 0 && specifiers.every((one) => field(one, 'isTypeOnly') === true)
  );
}

function text(literal: unknown): string {
  const value = field(literal, 'value');
  if (typeof value !== 'string') throw new Error('an import whose target is computed cannot be checked');
  return value;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Node)[name] : undefined;
}

function firstOf(values: unknown): unknown {
  return Array.isArray(values) ? values[0] : undefined;
}

function target(file: string, specifier: string): string {
  if (specifier.startsWith('node:')) return 'node';
  if (!specifier.startsWith('.')) return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  return relative(ROOT, resolve(ROOT, dirname(file), specifier)).replace(/\.js$/, '.ts');
}
