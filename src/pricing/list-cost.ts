import type Anthropic from '@anthropic-ai/sdk';

// Part of the workflow: pure, and exact to the last digit. Rounding happens when an amount is shown, never before.

/** An amount of money in units of 10⁻¹⁰ USD, as a decimal string: exact, and plain JSON. */
export type ExactCost = string;

export const NO_COST: ExactCost = '0';

export function addCost(a: ExactCost, b: ExactCost): ExactCost {
  return String(BigInt(a) + BigInt(b));
}

/**
 * What tokens of this cost and this much running time come to, in whole cents, half a cent rounded up. A thread's own
 * share has no running time: give 0.
 */
export function listCost(cost: ExactCost, activeMs: number): Anthropic.Beta.BetaMonetaryAmount {
  const cents = (2n * ninths(cost, activeMs) + CENT) / (2n * CENT);
  return { amount: String(cents), currency: 'USD' };
}

/**
 * Whether the exact cost is at the cap or past it: then no further model request is made. Also whether a new cap is too
 * low to be taken, since it must be greater than what is consumed.
 */
export function isReached(cost: ExactCost, activeMs: number, cap: Anthropic.Beta.BetaMonetaryAmount): boolean {
  return ninths(cost, activeMs) >= BigInt(cap.amount) * CENT;
}

/** $0.08 an hour is 2,000/9 units a millisecond, so sums are in ninths of a unit. */
function ninths(cost: ExactCost, activeMs: number): bigint {
  return 9n * BigInt(cost) + 2_000n * BigInt(Math.round(activeMs));
}

/** 10⁸ units, in ninths. */
const CENT = 900_000_000n;
