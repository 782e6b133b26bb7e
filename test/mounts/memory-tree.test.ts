import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScanner } from '../../src/mounts/memory/scan.js';
import { listTree, placeTreeFile, removeTreeFile } from '../../src/mounts/memory/tree.js';

const RULES = { maxBytes: 102_400, faultOfPath: () => undefined };
const LIMITS = { depth: 20, most: 8_000 };
const AGENT = 1_000;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drover-tree-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** As a server does that is not root, and so is bound by what the agent allows. */
function asAgent<Result>(act: () => Result): Result {
  if (process.geteuid?.() !== 0) return act();
  chownSync(root, AGENT, AGENT);
  process.seteuid?.(AGENT);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
  }
}

test('where an agent has closed a directory nothing fails, and nothing in it is taken for deleted', () => {
  const draft = join(root, 'draft');
  const placed = asAgent(() => {
    for (const [name, mode] of [
      ['unlisted', 0o600],
      ['shut', 0o000],
      ['fixed', 0o500],
    ] as const) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, 'a'), '');
      chmodSync(join(root, name), mode);
    }
    writeFileSync(draft, '');
    const { entries, isWhole } = listTree(root, LIMITS);
    expect(entries.map(({ path }) => path).toSorted()).toEqual(['/draft', '/fixed', '/fixed/a', '/shut', '/unlisted']);
    expect(isWhole).toBe(false);
    const stamp = entries.find(({ path }) => path === '/fixed/a')?.stamp;
    expect(removeTreeFile(root, '/fixed/a', stamp)).toBe(false);
    return ['unlisted', 'shut', 'fixed'].map((name) => {
      return placeTreeFile(root, { path: `/${name}/new`, draft, expected: undefined });
    });
  });
  expect(placed).toEqual(['closed', 'changed', 'closed']);
  expect(statSync(join(root, 'fixed/a')).size).toBe(0);
  for (const name of ['unlisted', 'shut', 'fixed']) chmodSync(join(root, name), 0o700);
});

test('while much is read others go on', async () => {
  for (let n = 0; n < 400; n++) writeFileSync(join(root, `${n}`), 'x'.repeat(100_000));
  let others = 0;
  const timer = setInterval(() => (others += 1), 1);
  const { files } = await createScanner(RULES)(root);
  clearInterval(timer);
  expect(files.size).toBe(400);
  expect(others).toBeGreaterThan(0);
});

test('no more names are read than are looked at', () => {
  for (let n = 0; n < 100; n++) writeFileSync(join(root, `${n}`), '');
  expect(listTree(root, { depth: 20, most: 50 })).toMatchObject({ entries: { length: 50 }, isWhole: false });
  expect(listTree(root, { depth: 20, most: 100 })).toMatchObject({ entries: { length: 100 }, isWhole: true });
});
