import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../../bench/report.js';

const RUN = resolve(__dirname, '../../dist/bench/run.js');
const run = promisify(execFile);

let out: string;

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'drover-bench-out-'));
});

afterEach(() => rmSync(out, { recursive: true, force: true }));

test('a quick run measures Drover beside its floor and writes what it found', async () => {
  const { stdout } = await run(process.execPath, [RUN, '--quick', '--only', 'text,ack,preview', '--out', out], {
    timeout: 170_000,
  });
  const [file = '', ...others] = readdirSync(out);
  expect(others).toEqual([]);
  expect(file).toMatch(/^\d{4}-\d\d-\d\dT[\d-]+Z\.json$/);
  const report: Report = JSON.parse(readFileSync(join(out, file), 'utf8'));
  expect(report).toMatchObject({ isQuick: true, skipped: [] });
  expect(report.setting).toMatchObject({ cores: expect.any(Number), node: process.versions.node });
  expect(report.setting.temporal).toMatch(/\d+\.\d+\.\d+/);
  expect(report.figures.map(({ id }) => id)).toEqual(['text', 'ack', 'preview']);
  for (const { samples, n, min, p50, p95, max } of report.figures) {
    expect(samples).toHaveLength(n);
    expect(min).toBeGreaterThan(0);
    expect([min, p50, p95, max].toSorted((a, b) => a - b)).toEqual([min, p50, p95, max]);
  }
  const [text, ack, preview] = report.figures;
  // An ack is a part of the turn; both have a floor, which previews have not.
  expect(ack?.p50).toBeLessThan(text?.p50 ?? 0);
  expect(text?.ratio).toBeCloseTo((text?.p50 ?? 0) / (text?.floor?.p50 ?? 0), 1);
  expect([preview?.floor, preview?.ratio]).toEqual([null, null]);
  expect(stdout).toContain('text turn over the model’s own time');
});

test.each([
  [['--only', 'speed'], 'there is no figure speed'],
  [['--turns', 'many'], '--turns'],
  [['--fast'], '--fast'],
])('%j is refused before anything is started', async (args, message) => {
  await expect(run(process.execPath, [RUN, ...args])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining(message),
  });
});
