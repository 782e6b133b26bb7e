import { z } from 'zod';
import { decimal, price } from './price.js';

const modelPrices = z.strictObject({
  ids: z.array(z.string().min(1)).min(1),
  price,
  /** Of requests whose prompt, cached parts included, is longer than this. */
  long_prompts: z.strictObject({ above_tokens: z.int().positive(), price }).exactOptional(),
  /** Absent: a request at `speed: "fast"` costs what any other costs. */
  fast_multiplier: decimal.exactOptional(),
});

/** The shape of `prices.json`. */
export const priceTable = z.strictObject({
  as_of: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/),
  source: z.string().min(1),
  web_searches_per_thousand: decimal,
  /** For requests with `inference_geo: "us"`, all kinds of tokens alike. */
  us_multiplier: decimal,
  models: z.array(modelPrices),
});

export type ModelPrices = z.infer<typeof modelPrices>;
