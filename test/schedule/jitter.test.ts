import { parseCron } from '../../src/schedule/cron.js';
import { noJitter, spread } from '../../src/schedule/jitter.js';

const MONDAY = Date.parse('2026-11-23T09:00:00Z');

function jitters(expression: string, count = 2_000): number[] {
  const cron = parseCron(expression);
  if (typeof cron === 'string') throw new Error(cron);
  return Array.from({ length: count }, (_, index) => spread(`depl_${index}`, cron, 'UTC', MONDAY));
}

test.each([
  ['every minute: 15 %', '* * * * *', 9_000],
  ['every ten minutes: 15 %', '*/10 * * * *', 90_000],
  ['every day: nine minutes', '0 9 * * *', 540_000],
  ['twice a year: nine minutes', '0 9 23 5,11 *', 540_000],
])('%s at most', (_what, expression, most) => {
  const all = jitters(expression);
  expect(Math.max(...all)).toBeLessThan(most);
  expect(Math.max(...all)).toBeGreaterThan(most * 0.98);
  expect(Math.min(...all)).toBeLessThan(most * 0.02);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
});

test('it is the same for the same deployment and instant', () => {
  expect(jitters('0 9 * * *', 50)).toEqual(jitters('0 9 * * *', 50));
  const cron = parseCron('0 9 * * *');
  if (typeof cron === 'string') throw new Error(cron);
  const days = Array.from({ length: 20 }, (_, day) => spread('depl_1', cron, 'UTC', MONDAY + day * 86_400_000));
  expect(new Set(days).size).toBeGreaterThan(15);
  expect(noJitter('depl_1', cron, 'UTC', MONDAY)).toBe(0);
});
