import type { Price } from './price.js';
import type { ModelPrices } from './price-table.js';

/** What one token of each kind costs, in units of 10⁻¹⁶ USD: fine enough for ten decimals of a price per million. */
export type Rates = Readonly<Record<keyof Price, bigint>>;

export interface RequestKind {
  fast: boolean;
  us: boolean;
  prompt_tokens: number;
}

/** The rates of one model for each kind of request. */
export type Tariff = (request: RequestKind) => Rates;

export function createTariff(model: Omit<ModelPrices, 'ids'>, us_multiplier: string): Tariff {
  const { price, long_prompts, fast_multiplier = '1' } = model;
  return ({ fast, us, prompt_tokens }) => {
    const isLong = long_prompts !== undefined && prompt_tokens > long_prompts.above_tokens;
    const factors = [...(fast ? [fast_multiplier] : []), ...(us ? [us_multiplier] : [])];
    return toRates(isLong ? long_prompts.price : price, factors);
  };
}

/** A price that is the same for every request. */
export function createFlatTariff(price: Price): Tariff {
  const rates = toRates(price, []);
  return () => rates;
}

/** The product of decimal numbers such as `6.25`, times 10^power; throws when that is no whole number. */
export function wholeProduct(numbers: readonly string[], power: number): bigint {
  let digits = 10n ** BigInt(power);
  let scale = 0;
  for (const number of numbers) {
    const [whole = '', fraction = ''] = number.split('.');
    digits *= BigInt(whole + fraction);
    scale += fraction.length;
  }
  const divisor = 10n ** BigInt(scale);
  if (digits % divisor !== 0n) throw new Error(`${numbers.join(' × ')} has more than ${power} decimals`);
  return digits / divisor;
}

function toRates(price: Price, factors: string[]): Rates {
  const rate = (kind: keyof Price): bigint => wholeProduct([price[kind], ...factors], 10);
  return {
    input: rate('input'),
    cache_write_5m: rate('cache_write_5m'),
    cache_write_1h: rate('cache_write_1h'),
    cache_read: rate('cache_read'),
    output: rate('output'),
  };
}
