import { wholeProduct } from './decimal.js';
import type { ModelPrices, Price } from './price-table.js';

/** What one token of each kind costs, in units of 10⁻¹⁰ USD. */
export type Rates = Readonly<Record<keyof Price, bigint>>;

export interface RequestKind {
  fast: boolean;
  us: boolean;
  prompt_tokens: number;
}

/** The rates of one model for each kind of request. */
export type Tariff = (request: RequestKind) => Rates;

/** Throws when a price, with every factor that may be put on it, is no whole number of units: costs could not be exact. */
export function createTariff(
  { ids, price, long_prompts, fast_multiplier }: ModelPrices,
  us_multiplier: string,
): Tariff {
  const fast = fast_multiplier ?? '1';
  const us = us_multiplier;
  const variants = (of: Price): Variants => ({
    plain: toRates(ids, of, []),
    fast: toRates(ids, of, [fast]),
    us: toRates(ids, of, [us]),
    fastUs: toRates(ids, of, [fast, us]),
  });
  const usual = variants(price);
  const long = long_prompts && { above: long_prompts.above_tokens, variants: variants(long_prompts.price) };
  return (request) => pick(long && request.prompt_tokens > long.above ? long.variants : usual, request);
}

type Variants = Record<'plain' | 'fast' | 'us' | 'fastUs', Rates>;

function pick(variants: Variants, { fast, us }: RequestKind): Rates {
  if (fast) return us ? variants.fastUs : variants.fast;
  return us ? variants.us : variants.plain;
}

function toRates(ids: string[], price: Price, factors: string[]): Rates {
  const rate = (kind: keyof Price): bigint => {
    const terms = [price[kind], ...factors];
    // A millionth of a dollar is 10⁴ units.
    const units = wholeProduct(terms, 4);
    if (units !== undefined) return units;
    throw new Error(
      `${ids[0]}: the price of ${kind}, ${terms.join(' × ')} USD per million tokens, has more than four decimals`,
    );
  };
  return {
    input: rate('input'),
    cache_write_5m: rate('cache_write_5m'),
    cache_write_1h: rate('cache_write_1h'),
    cache_read: rate('cache_read'),
    output: rate('output'),
  };
}
