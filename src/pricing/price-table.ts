import { z } from 'zod';

/** What a million tokens of each kind cost, in USD. */
const price = z.strictObject({
  input: dollars(),
  cache_write_5m: dollars(),
  cache_write_1h: dollars(),
  cache_read: dollars(),
  output: dollars(),
});

const modelPrices = z.strictObject({
  ids: z.array(z.string().min(1)).min(1),
  price,
  /** Of requests whose prompt, cached parts included, is longer than this. */
  long_prompts: z.strictObject({ above_tokens: z.int().positive(), price }).exactOptional(),
  /** Absent: a request at `speed: "fast"` costs what any other costs. */
  fast_multiplier: dollars().exactOptional(),
});

/** The shape of `prices.json`. */
export const priceTable = z.strictObject({
  as_of: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/),
  source: z.string().min(1),
  web_searches_per_thousand: dollars(),
  /** For requests with `inference_geo: "us"`, all kinds of tokens alike. */
  us_multiplier: dollars(),
  models: z.array(modelPrices),
});

export type Price = z.infer<typeof price>;
export type ModelPrices = z.infer<typeof modelPrices>;

/** An amount or a factor as a decimal string: a number in JSON would be rounded before we see it. */
function dollars() {
  return z.string().regex(/^(0|[1-9]\d{0,8})(\.\d{1,10})?$/, 'must be a decimal number as a string, such as "0.25"');
}
