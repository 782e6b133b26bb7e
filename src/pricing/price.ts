import { z } from 'zod';

const NO_DECIMAL = 'must be a decimal number as a text, such as "0.25"';

/** An amount in USD, or a factor, as a decimal string: a number in JSON would be rounded before we see it. */
export const decimal = z.string(NO_DECIMAL).regex(/^(0|[1-9]\d{0,8})(\.\d{1,10})?$/, NO_DECIMAL);

/** What a million tokens of each kind cost, in USD. */
export const price = z.strictObject({
  input: decimal,
  cache_write_5m: decimal,
  cache_write_1h: decimal,
  cache_read: decimal,
  output: decimal,
});

export type Price = z.infer<typeof price>;
