import type { ModelUsage } from '../model/model.js';
import { wholeProduct } from './decimal.js';
import type { ExactCost } from './list-cost.js';
import { type ModelPrices, type Price, priceTable } from './price-table.js';
import published from './prices.json';
import { createTariff, type Rates, type Tariff } from './tariff.js';

/** List prices of models: the published ones, and the operator's own. */
export interface Prices {
  has(model: string): boolean;
  /** What one request costs; null when its model has no price. */
  costOf(request: PricedRequest, usage: RequestUsage): ExactCost | null;
}

export interface PricedRequest {
  model: string;
  speed?: string | null;
  inference_geo?: string | null;
}

export type RequestUsage = ModelUsage & { web_search_requests?: number };

/** By model id; one of them stands before the published price of the same id. */
export type OperatorPrices = Readonly<Record<string, OperatorPrice>>;

/** USD per million tokens as decimal strings, with four decimals at most. Where a request is run does not change it. */
export interface OperatorPrice extends Price {
  /** Absent: `speed: "fast"` costs no more. */
  fast_multiplier?: string;
}

/** A dated id has the price of the id without the date. Throws when a price cannot be counted exactly. */
export function createPrices(own: OperatorPrices = {}): Prices {
  const { models, us_multiplier, web_searches_per_thousand } = priceTable.parse(published);
  const search = wholeProduct([web_searches_per_thousand], 7);
  if (search === undefined) throw new Error('the price of a web search is too fine to be counted exactly');
  const tariffs = new Map<string, Tariff>();
  const add = (model: ModelPrices, factor: string): void => {
    const tariff = createTariff(model, factor);
    for (const id of model.ids) tariffs.set(id, tariff);
  };
  for (const model of models) add(model, us_multiplier);
  for (const [id, { fast_multiplier, ...price }] of Object.entries(own))
    add({ ids: [id], price, ...(fast_multiplier === undefined ? {} : { fast_multiplier }) }, '1');
  const tariffOf = (model: string): Tariff | undefined => tariffs.get(model) ?? tariffs.get(undated(model));
  return {
    has: (model) => tariffOf(model) !== undefined,
    costOf({ model, speed, inference_geo }, usage) {
      const kind = { fast: speed === 'fast', us: inference_geo === 'us', prompt_tokens: promptTokens(usage) };
      const rates = tariffOf(model)?.(kind);
      if (!rates) return null;
      return String(tokenCost(rates, usage) + BigInt(usage.web_search_requests ?? 0) * search);
    },
  };
}

/** `-20251001` as the API dates ids, `@20251001` as Vertex does. */
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
