import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

// A package of its own around our launcher: what it starts says what it got.
const PROGRAM = `
exports.run = (argv, version) => {
  process.on('SIGTERM', () => { console.log('TERM'); process.exit(7); });
  console.log(JSON.stringify({ args: argv.slice(2), version, pid: process.pid, old: process.versions.node.startsWith('18.'), arenas: process.env.MALLOC_ARENA_MAX, compiled: process.env.NODE_COMPILE_CACHE }));
  if (argv[2] === 'stay') setInterval(() => {}, 1000);
  else process.exitCode = 3;
};`;

let root: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drover-launcher-'));
  put('dist/src/bin/drover.js', PROGRAM);
  put('package.json', '{"version":"1.2.3"}');
  put('node_modules/node/package.json', '{}');
  put('old.js', "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.0.0' } });");
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'node_modules/node/bin'));
  copyFileSync(join(__dirname, '../../bin/drover.js'), join(root, 'bin/drover.js'));
  symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, content: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** Starts the launcher, by a Node that is new enough or by one that says it is not. */
function launch(node: 'new' | 'old', ...args: string[]) {
  const preload = node === 'old' ? ['-r', join(root, 'old.js')] : [];
  const env = { ...process.env, DROVER_CACHE: join(root, 'cache') };
  const child = spawn(process.execPath, [...preload, join(root, 'bin/drover.js'), ...args], { stdio: 'pipe', env });
  children.push(child);
  const output = createInterface(child.stdout)[Symbol.asyncIterator]();
  const complaint = createInterface(child.stderr)[Symbol.asyncIterator]();
  return {
    child,
    line: async (from = output): Promise<string> => String((await from.next()).value),
    complaint: async (): Promise<string> => String((await complaint.next()).value),
    exit: once(child, 'exit'),
  };
}

test('a Node that is new enough runs the program itself', async () => {
  const { child, line, exit } = launch('new', 'a', '--b');
  expect(JSON.parse(await line())).toEqual({ args: ['a', '--b'], version: '1.2.3', pid: child.pid, old: false });
  expect(await exit).toEqual([3, null]);
});

test('a server is a process with few arenas, and the same process; what was compiled for it is kept', async () => {
  const { child, line, exit } = launch('new', 'serve');
  const compiled = join(root, 'cache/compiled');
  expect(JSON.parse(await line())).toMatchObject({ args: ['serve'], pid: child.pid, arenas: '2', compiled });
  expect(await exit).toEqual([3, null]);
  expect(readdirSync(compiled, { recursive: true }).length).toBeGreaterThan(1);
});

test('an older one hands over to the Node that came with the package, and ends as that does', async () => {
  const { child, line, exit } = launch('old', 'a');
  const said: unknown = JSON.parse(await line());
  expect(said).toMatchObject({ args: ['a'], old: false, arenas: '2' });
  expect(said).not.toMatchObject({ pid: child.pid });
  expect(await exit).toEqual([3, null]);
});

test('a signal is passed on', async () => {
  const { child, line, exit } = launch('old', 'stay');
  await line();
  child.kill('SIGTERM');
  expect(await line()).toBe('TERM');
  expect(await exit).toEqual([7, null]);
});

test('kill -9 of the older one leaves no program behind', async () => {
  const { child, line } = launch('old', 'stay');
  // What the program prints.
  const { pid } = JSON.parse(await line()) as { pid: number };
  child.kill('SIGKILL');
  expect(await line()).toBe('TERM');
  while (isAlive(pid)) await sleep(10);
});

test('without a newer Node it says which one is needed', async () => {
  rmSync(join(root, 'node_modules'), { recursive: true });
  const { complaint, exit } = launch('old');
  expect(await complaint()).toBe('drover needs Node 22.13 or newer; this is 18.0.0');
  expect(await exit).toEqual([1, null]);
});

test('what is not built says how to build it', async () => {
  rmSync(join(root, 'dist'), { recursive: true });
  const { complaint, exit } = launch('new');
  expect(await complaint()).toBe(`drover is not built yet: run \`npm run build\` in ${root}`);
  expect(await exit).toEqual([1, null]);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
