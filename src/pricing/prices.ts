import type { ModelUsage } from '../model/model.js';
import type { ExactCost } from './list-cost.js';
import type { Price } from './price.js';
import { priceTable } from './price-table.js';
import published from './prices.json';
import { createFlatTariff, createTariff, type Rates, type Tariff, wholeProduct } from './tariff.js';

/** List prices of models: the operator's own, and the published ones. */
export interface Prices {
  readonly has: (model: string) => boolean;
  /** What one request costs; null when its model has no price. */
  readonly costOf: (request: PricedRequest, usage: RequestUsage) => ExactCost | null;
}

export interface PricedRequest {
  model: string;
  speed?: string | null;
  inference_geo?: string | null;
}

export type RequestUsage = ModelUsage & { web_search_requests?: number };

/**
 * The operator's own price of a model, in USD per million tokens with ten decimals at most; undefined for those that
 * have none. It stands before a published one, and no speed and no place changes it.
 */
export type OperatorPrices = (model: string) => Price | undefined;

/** Costs by published prices are exact; by an operator's price of more than four decimals, rounded up to the unit. */
export function createPrices(own: OperatorPrices = () => undefined): Prices {
  const { models, us_multiplier, web_searches_per_thousand } = priceTable.parse(published);
  // Units of 10⁻¹⁶ USD, as of tokens.
  const search = wholeProduct([web_searches_per_thousand], 13);
  const tariffs = new Map<string, Tariff>();
  for (const model of models) {
    const tariff = createTariff(model, us_multiplier);
    for (const id of model.ids) tariffs.set(id, tariff);
  }
  const tariffOf = (model: string): Tariff | undefined => {
    const price = own(model);
    return price ? createFlatTariff(price) : (tariffs.get(model) ?? tariffs.get(undated(model)));
  };
  return {
    has: (model) => tariffOf(model) !== undefined,
    costOf({ model, speed, inference_geo }, usage) {
      const kind = { fast: speed === 'fast', us: inference_geo === 'us', prompt_tokens: promptTokens(usage) };
      const rates = tariffOf(model)?.(kind);
      if (!rates) return null;
      const fine = tokenCost(rates, usage) + BigInt(usage.web_search_requests ?? 0) * search;
      return String((fine + UNIT - 1n) / UNIT);
    },
  };
}

/** 10⁻¹⁰ USD. */
const UNIT = 10n ** 6n;

/** A dated id has the price of the id without its date: `-20251001` as the API writes it, `@20251001` as Vertex does. */
function undated(model: string): string {
  return model.replace(/([-@]\d{8}|-latest)$/, '');
}

function promptTokens(usage: ModelUsage): number {
  return usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens;
}

function tokenCost(rates: Rates, usage: ModelUsage): bigint {
  return (
    BigInt(usage.input_tokens) * rates.input +
    BigInt(usage.ephemeral_5m_input_tokens) * rates.cache_write_5m +
    BigInt(usage.ephemeral_1h_input_tokens) * rates.cache_write_1h +
    BigInt(usage.cache_read_input_tokens) * rates.cache_read +
    BigInt(usage.output_tokens) * rates.output
  );
}
