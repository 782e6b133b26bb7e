import { importsOf, sourceFiles } from './imports.js';
import type { Import } from './imports.js';

interface Rule {
  /** Parts of ours whose code may be used. `*` is every part. */
  code?: string[];
  /** Parts of ours of which only types may be used. */
  types?: string[];
  /** Packages, and `node` for what comes with Node. Not listed: the part is pure. */
  packages?: string[];
  /** Packages of which only types may be used. */
  packageTypes?: string[];
}

/** Who may import whom. A part is a folder of `src` or of the root, or a file of `src`; its own files it may always import. */
const PARTS: Record<string, Rule> = {
  ids: { packages: ['node'] },
  'api-error': {},
  'error-code': {},
  batches: {},
  'durable-files': { packages: ['node'] },
  config: { code: ['durable-files', 'error-code', 'pricing'], packages: ['node', 'zod'] },

  // The mind. Pure, and at home in a workflow's sandbox: no clock, no file, no package.
  harness: { code: ['pricing'], types: ['model', 'session'], packageTypes: ['@anthropic-ai/sdk'] },
  model: {
    types: ['config'],
    packages: [
      'node',
      'zod',
      '@anthropic-ai/sdk',
      '@anthropic-ai/bedrock-sdk',
      '@anthropic-ai/vertex-sdk',
      'google-auth-library',
    ],
  },

  // Requests to servers that somebody else has named.
  net: { packages: ['node'] },

  // Signs webhooks and brings them to their endpoints.
  webhooks: { code: ['net', 'error-code'], types: ['storage'], packages: ['node'] },

  // Seals secrets; knows no table.
  vault: { code: ['config', 'durable-files', 'error-code'], packages: ['node'] },

  // When something is due: pure.
  schedule: { packages: ['node'] },

  // Prices are data; what workflows use of it is arithmetic.
  pricing: { types: ['model'], packages: ['node', 'zod'], packageTypes: ['@anthropic-ai/sdk'] },

  // The hands.
  sandbox: {
    code: ['durable-files', 'error-code'],
    packages: ['node', 'dockerode', 'tar-stream', 'zod'],
    packageTypes: ['@anthropic-ai/sdk'],
  },

  // What a sandbox holds beside its workspace.
  mounts: {
    code: ['batches', 'sandbox', 'durable-files', 'error-code'],
    types: ['catalog', 'files'],
    packages: ['node'],
  },

  // The log.
  session: {
    code: ['storage', 'harness', 'api-error', 'ids', 'durable-files'],
    types: ['model'],
    packages: ['node', 'kysely'],
    packageTypes: ['@anthropic-ai/sdk', '@temporalio/proto'],
  },
  storage: { code: ['api-error', 'error-code'], types: ['catalog', 'session'], packages: ['node', 'kysely', 'pg'] },
  files: {
    code: ['api-error', 'durable-files', 'error-code'],
    packages: ['node', '@aws-sdk/client-s3', '@aws-sdk/lib-storage'],
  },

  catalog: {
    code: ['schedule', 'storage', 'api-error', 'batches', 'ids', 'net', 'webhooks'],
    types: ['session', 'model', 'mounts', 'vault', 'files'],
    packages: ['node', 'kysely', 'yaml', 'yauzl', 'yazl', 'zod'],
    packageTypes: ['@anthropic-ai/sdk'],
  },
  http: {
    code: ['catalog', 'api-error', 'ids', 'error-code'],
    types: ['session'],
    packages: ['node', 'fastify', '@fastify/busboy', 'zod'],
    packageTypes: ['@anthropic-ai/sdk'],
  },
  cli: { packages: ['node', '@anthropic-ai/sdk'] },

  workflows: {
    code: ['harness', 'pricing'],
    types: ['session', 'activities', 'schedule'],
    packages: ['@temporalio/workflow'],
  },
  activities: {
    code: ['harness', 'session', 'sandbox', 'pricing', 'api-error', 'ids'],
    types: ['schedule', 'model', 'mounts', 'storage', 'webhooks'],
    packages: ['node', '@temporalio/activity', '@temporalio/common'],
    packageTypes: ['@anthropic-ai/sdk'],
  },
  temporal: {
    code: ['schedule', 'session', 'harness', 'config', 'api-error', 'ids', 'storage'],
    types: ['activities', 'mounts', 'webhooks', 'workflows', 'sandbox'],
    packages: [
      'node',
      'tar-stream',
      'zod',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/proto',
      '@temporalio/worker',
    ],
  },

  // Puts the parts together; no part knows it.
  bin: { code: ['*'], packages: ['*'] },
};

const files = sourceFiles(['src', 'workflows', 'activities']);
const imports = files.flatMap(importsOf);

test('every file belongs to a part', () => {
  expect(files.filter((file) => !(partOf(file) in PARTS))).toEqual([]);
});

test('every import is one that the table allows', () => {
  expect(imports.filter((one) => !isAllowed(one)).map(describeImport)).toEqual([]);
});

test('the table allows no part that does not exist', () => {
  const named = Object.values(PARTS).flatMap(({ code = [], types = [] }) => [...code, ...types]);
  expect(named.filter((part) => part !== '*' && !(part in PARTS))).toEqual([]);
});

test('of the log the wire knows the contract only', () => {
  const known = imports.filter(({ from, to }) => partOf(from) === 'http' && isOurs(to) && partOf(to) === 'session');
  expect(known.filter(({ to }) => to !== 'src/session/session.ts').map(describeImport)).toEqual([]);
});

test('of prices the mind knows the arithmetic only', () => {
  const inWorkflows = imports.filter(({ from }) => ['harness', 'workflows'].includes(partOf(from)));
  const known = inWorkflows.filter(({ to, isType }) => isOurs(to) && partOf(to) === 'pricing' && !isType);
  expect(known.length).toBeGreaterThan(0);
  expect(known.filter(({ to }) => to !== 'src/pricing/list-cost.ts').map(describeImport)).toEqual([]);
});

test('no file imports itself by way of others', () => {
  expect(cycles(imports.filter(({ to }) => isOurs(to)))).toEqual([]);
});

test('the test sees what it should see', () => {
  expect(isAllowed({ from: 'src/harness/x.ts', to: 'src/session/session.ts', isType: true })).toBe(true);
  expect(isAllowed({ from: 'src/harness/x.ts', to: 'src/session/session.ts', isType: false })).toBe(false);
  expect(isAllowed({ from: 'src/harness/x.ts', to: 'node', isType: false })).toBe(false);
  expect(isAllowed({ from: 'src/sandbox/x.ts', to: 'src/http/x.ts', isType: true })).toBe(false);
  expect(isAllowed({ from: 'src/http/x.ts', to: 'src/bin/x.ts', isType: false })).toBe(false);
  expect(isAllowed({ from: 'src/new/x.ts', to: 'node', isType: false })).toBe(false);
  expect(imports.length).toBeGreaterThan(files.length);
  expect(cycles([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')])).toEqual(['b -> c -> b']);
});

function edge(from: string, to: string): Import {
  return { from, to, isType: false };
}

function isOurs(to: string): boolean {
  return to.endsWith('.ts') || to.endsWith('.json');
}

function partOf(file: string): string {
  const [top = '', inside = ''] = file.split('/');
  return top === 'src' ? inside.replace(/\.ts$/, '') : top;
}

function isAllowed({ from, to, isType }: Import): boolean {
  const rule = PARTS[partOf(from)];
  if (!rule) return false;
  if (!isOurs(to)) return matches(rule.packages, to) || (isType && matches(rule.packageTypes, to));
  const part = partOf(to);
  return part === partOf(from) || matches(rule.code, part) || (isType && matches(rule.types, part));
}

function matches(names: string[] = [], name: string): boolean {
  return names.includes(name) || names.includes('*');
}

function describeImport({ from, to, isType }: Import): string {
  return `${from} imports ${isType ? 'types of ' : ''}${to}`;
}

/** Each cycle once, from the file where it was entered. */
function cycles(edges: Import[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  function walk(file: string, path: string[]): void {
    const seen = path.indexOf(file);
    if (seen >= 0) found.push([...path.slice(seen), file].join(' -> '));
    if (seen >= 0 || done.has(file)) return;
    for (const { to } of next.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  }
  for (const file of next.keys()) walk(file, []);
  return found;
}
