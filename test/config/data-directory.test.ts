import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holderOf, openDataDirectory } from '../../src/bin/data-directory.js';
import { StartError } from '../../src/config/start-error.js';
import { runSource } from '../temporal/child.js';
import type { SourceRun } from '../temporal/child.js';

const SOURCE = join(__dirname, '../../src/bin/data-directory.ts');

let root: string;
let path: string;
const children: SourceRun[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drover-data-'));
  path = join(root, 'data');
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  rmSync(root, { recursive: true, force: true });
});

async function holdElsewhere(): Promise<SourceRun> {
  const child = runSource(
    `const { openDataDirectory } = load(${JSON.stringify(SOURCE)});
     const directory = openDataDirectory(${JSON.stringify(path)});
     directory.announce('http://127.0.0.1:4711');
     console.log(directory.id);
     setInterval(() => {}, 1000);`,
  );
  children.push(child);
  await child.line();
  return child;
}

test('the directory is made for its owner alone and has an id that stays', () => {
  const first = openDataDirectory(path);
  first.close();
  const second = openDataDirectory(path);
  second.close();
  expect(first.id).toMatch(/^[0-9a-f]{16}$/);
  expect(second.id).toBe(first.id);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a second server is refused and told who is the first, as often as it tries', async () => {
  const { pid } = await holdElsewhere();
  const refusal = new StartError(
    `${path} is in use by another drover (pid ${pid}, http://127.0.0.1:4711): ` +
      'stop that one, or give this one another directory with --data',
  );
  expect(() => openDataDirectory(path)).toThrow(refusal);
  expect(() => openDataDirectory(path)).toThrow(refusal);
  expect(holderOf(path)).toEqual({ pid, url: 'http://127.0.0.1:4711' });
});

test('the same process is refused too', () => {
  const first = openDataDirectory(path);
  expect(() => openDataDirectory(path)).toThrow(/still starting/);
  first.close();
});

test('kill -9 frees the lock, and what it left behind names nobody', async () => {
  const child = await holdElsewhere();
  await child.kill();
  expect(holderOf(path)).toBeUndefined();
  openDataDirectory(path).close();
});

test('asking who holds it takes nothing and makes nothing', () => {
  expect(holderOf(path)).toBeUndefined();
  expect(() => statSync(path)).toThrow(/ENOENT/);
  const directory = openDataDirectory(path);
  for (let i = 0; i < 3; i++) expect(holderOf(path)).toEqual({ pid: process.pid });
  expect(() => openDataDirectory(path)).toThrow(StartError);
  directory.close();
});

test('a file in its place is named', () => {
  writeFileSync(path, 'x');
  expect(() => openDataDirectory(path)).toThrow(/data directory .* cannot be made/);
  expect(readFileSync(path, 'utf8')).toBe('x');
});
