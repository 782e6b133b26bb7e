import * as fc from 'fast-check';
import { addCost, isReached, listCost, NO_COST } from '../../src/pricing/list-cost.js';

const HOUR_MS = 3_600_000;
const CENT = 10n ** 8n;

/** Rational arithmetic by the book: a numerator over 3,600,000, that is units times milliseconds an hour. */
function exact(cost: bigint, activeMs: number): bigint {
  return cost * BigInt(HOUR_MS) + 8n * CENT * BigInt(activeMs);
}

const cost = fc.bigInt({ min: 0n, max: 10n ** 18n });
const ms = fc.nat(400 * 24 * HOUR_MS);
const usd = (cents: bigint | number) => ({ amount: String(cents), currency: 'USD' as const });

test('nothing costs nothing', () => {
  expect(listCost(NO_COST, 0)).toEqual(usd(0));
});

test('an hour of running is eight cents, and half a cent is rounded up', () => {
  expect(listCost(NO_COST, HOUR_MS)).toEqual(usd(8));
  expect(listCost(NO_COST, HOUR_MS / 16)).toEqual(usd(1));
  expect(listCost(NO_COST, HOUR_MS / 16 - 1)).toEqual(usd(0));
  expect(listCost('49999999', 0)).toEqual(usd(0));
  expect(listCost('50000000', 0)).toEqual(usd(1));
});

test('sums have no order and lose nothing', () => {
  fc.assert(
    fc.property(fc.array(cost), (costs) => {
      const sum = costs.reduce((a, b) => a + b, 0n);
      const strings = costs.map(String);
      expect(strings.reduce(addCost, NO_COST)).toBe(String(sum));
      expect(strings.reduceRight((a, b) => addCost(b, a), NO_COST)).toBe(String(sum));
    }),
  );
});

test('what is shown is the exact cost rounded to the nearest cent, half up', () => {
  fc.assert(
    fc.property(cost, ms, (cost, activeMs) => {
      const shown = BigInt(listCost(String(cost), activeMs).amount);
      const cent = CENT * BigInt(HOUR_MS);
      const off = 2n * (shown * cent - exact(cost, activeMs));
      expect(off <= cent && off > -cent).toBe(true);
    }),
  );
});

test('a cap is reached at its exact amount, not at what is shown', () => {
  expect(isReached('99999999', 0, usd(1))).toBe(false);
  expect(listCost('99999999', 0)).toEqual(usd(1));
  expect(isReached('100000000', 0, usd(1))).toBe(true);
  expect(isReached(NO_COST, HOUR_MS / 8, usd(1))).toBe(true);
  expect(isReached(NO_COST, HOUR_MS / 8 - 1, usd(1))).toBe(false);
  const caps = fc.bigInt({ min: 1n, max: 10n ** 10n });
  fc.assert(
    fc.property(caps, ms, fc.integer({ min: -2_000, max: 2_000 }), (cap, activeMs, near) => {
      // Near the line, where a rounded comparison would be wrong.
      const line = (cap * CENT * BigInt(HOUR_MS) - 8n * CENT * BigInt(activeMs)) / BigInt(HOUR_MS) + BigInt(near);
      const cost = line < 0n ? 0n : line;
      const reached = exact(cost, activeMs) >= cap * CENT * BigInt(HOUR_MS);
      expect(isReached(String(cost), activeMs, usd(cap))).toBe(reached);
    }),
  );
});

test('a clock that gives parts of milliseconds does not break it', () => {
  expect(listCost(NO_COST, HOUR_MS - 0.4)).toEqual(usd(8));
});
