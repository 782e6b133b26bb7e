import * as fc from 'fast-check';
import { createPrices, type RequestUsage } from '../../src/pricing/prices.js';
import table from '../../src/pricing/prices.json';

const KINDS = ['input', 'cache_write_5m', 'cache_write_1h', 'cache_read', 'output'] as const;
type Kind = (typeof KINDS)[number];

const prices = createPrices();
const MILLION = 1_000_000;

/** Contract behaviours §17: USD per million tokens, in the order of `KINDS`. */
const PUBLISHED: Record<string, string> = {
  'claude-fable-5-1': '10 12.5 20 0.25 50',
  'claude-mythos-5-1': '10 12.5 20 0.25 50',
  'claude-fable-5': '10 12.5 20 1 50',
  'claude-mythos-5': '10 12.5 20 1 50',
  'claude-opus-5-5': '4 5 8 0.2 20',
  'claude-opus-5': '5 6.25 10 0.5 25',
  'claude-opus-4-8': '5 6.25 10 0.5 25',
  'claude-opus-4-7': '5 6.25 10 0.5 25',
  'claude-opus-4-6': '5 6.25 10 0.5 25',
  'claude-opus-4-5-20251101': '5 6.25 10 0.5 25',
  'claude-opus-4-1-20250805': '15 18.75 30 1.5 75',
  'claude-opus-4-20250514': '15 18.75 30 1.5 75',
  'claude-sonnet-5-5': '2 2.5 4 0.1 10',
  'claude-sonnet-5': '2 2.5 4 0.2 10',
  'claude-sonnet-4-6': '3 3.75 6 0.3 15',
  'claude-sonnet-4-5-20250929': '3 3.75 6 0.3 15',
  'claude-sonnet-4@20250514': '3 3.75 6 0.3 15',
  'claude-haiku-4-5-20251001': '1 1.25 2 0.1 5',
  'claude-3-5-haiku-latest': '0.8 1 1.6 0.08 4',
  'claude-3-5-haiku-20241022': '0.8 1 1.6 0.08 4',
};

test.each(Object.entries(PUBLISHED))('%s costs %s', (model, row) => {
  const shown = KINDS.map((kind) => inDollars(costOf({ model }, tokens({ [kind]: MILLION }))));
  expect(shown.join(' ')).toBe(row);
});

test('Haiku 5.5 has two prices, by the length of the prompt with its cached parts', () => {
  const model = 'claude-haiku-5-5';
  const cents = (usage: Partial<Record<Kind, number>>) => costOf({ model }, tokens(usage));
  expect(cents({ input: 100_000 })).toBe(100_000n * 1_000n);
  expect(cents({ input: 100_001 })).toBe(100_001n * 5_000n);
  expect(cents({ input: 1, cache_read: 99_999, output: 200_000 })).toBe(1_000n + 99_999n * 100n + 200_000n * 5_000n);
  expect(cents({ input: 1, cache_read: 100_000, output: 10 })).toBe(5_000n + 100_000n * 500n + 10n * 25_000n);
  expect(cents({ cache_write_5m: 50_000, cache_write_1h: 50_000 })).toBe(50_000n * 1_250n + 50_000n * 2_000n);
  expect(cents({ cache_write_5m: 50_001, cache_write_1h: 50_000 })).toBe(50_001n * 6_250n + 50_000n * 10_000n);
});

test('fast mode and a place multiply every kind of token', () => {
  const usage = tokens({ input: 3, cache_write_5m: 5, cache_write_1h: 7, cache_read: 11, output: 13 });
  const plain = costOf({ model: 'claude-opus-5' }, usage);
  expect(costOf({ model: 'claude-opus-5', speed: 'fast' }, usage)).toBe(plain * 2n);
  expect(costOf({ model: 'claude-opus-5', speed: 'standard', inference_geo: 'global' }, usage)).toBe(plain);
  expect(costOf({ model: 'claude-opus-5', inference_geo: 'us' }, usage) * 10n).toBe(plain * 11n);
  expect(costOf({ model: 'claude-opus-5', speed: 'fast', inference_geo: 'us' }, usage) * 10n).toBe(plain * 22n);
});

test('a web search costs a cent, wherever the model runs', () => {
  const usage = { ...tokens({}), web_search_requests: 3 };
  expect(costOf({ model: 'claude-sonnet-5-5', inference_geo: 'us', speed: 'fast' }, usage)).toBe(3n * 10n ** 8n);
});

test.each(['claude-fable-5-2', 'claude-opus-5-5-5', 'claude-opus', 'claude-opus-5-2025', 'scripted', 'gpt-oss', ''])(
  '%p has no price',
  (model) => {
    expect(prices.has(model)).toBe(false);
    expect(prices.costOf({ model }, tokens({ input: 1 }))).toBeNull();
  },
);

test('every published price is a whole number of units, with every factor on it', () => {
  // Three numbers with six decimals each, and 10⁴ units in a millionth of a dollar.
  const unit = 10n ** 14n;
  for (const { ids, price, fast_multiplier = '1', long_prompts } of table.models) {
    for (const text of [...Object.values(price), ...Object.values(long_prompts?.price ?? {})]) {
      for (const fast of ['1', fast_multiplier]) {
        for (const us of ['1', table.us_multiplier]) {
          expect([ids, text, (scaled(text) * scaled(fast) * scaled(us)) % unit]).toEqual([ids, text, 0n]);
        }
      }
    }
  }
});

test('no id is listed twice', () => {
  const ids = table.models.flatMap((model) => model.ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the cost of a request is the sum of its parts, and two requests of one tier cost what one would', () => {
  const kind = fc.nat(10_000);
  const usage = fc.record({ input: kind, cache_write_5m: kind, cache_write_1h: kind, cache_read: kind, output: kind });
  const model = fc.constantFrom(...table.models.flatMap(({ ids }) => ids));
  const place = fc.constantFrom('us', 'global', null);
  const speed = fc.constantFrom('fast', 'standard', null);
  fc.assert(
    fc.property(model, place, speed, usage, usage, (model, inference_geo, speed, a, b) => {
      const request = { model, inference_geo, speed };
      const parts = KINDS.map((kind) => costOf(request, tokens({ [kind]: a[kind] })));
      expect(costOf(request, tokens(a))).toBe(parts.reduce((x, y) => x + y));
      const both = Object.fromEntries(KINDS.map((kind) => [kind, a[kind] + b[kind]]));
      expect(costOf(request, tokens(both))).toBe(costOf(request, tokens(a)) + costOf(request, tokens(b)));
    }),
  );
});

describe('an operator’s own prices', () => {
  const cheap = { input: '0.0028', cache_write_5m: '0', cache_write_1h: '0', cache_read: '0.0001', output: '1.5' };
  const owned = new Map([
    ['deep/one', cheap],
    ['claude-opus-5', { ...cheap, output: '3' }],
    ['fine', { ...cheap, input: '0.0000000001' }],
  ]);
  const own = createPrices((model) => owned.get(model));
  const ownCost = (model: string, usage: RequestUsage) =>
    own.costOf({ model, speed: 'fast', inference_geo: 'us' }, usage);

  test('price models that have none, and stand before the published ones', () => {
    expect(own.has('deep/one')).toBe(true);
    expect(prices.has('deep/one')).toBe(false);
    expect(ownCost('claude-opus-5', tokens({ output: 1 }))).toBe('30000');
    expect(own.costOf({ model: 'claude-opus-5-5' }, tokens({ output: 1 }))).toBe('200000');
  });

  test('are what they say, whatever the speed and the place', () => {
    expect(ownCost('deep/one', tokens({ input: 2, cache_read: 1 }))).toBe('57');
  });

  test('that are finer than the unit of account are summed up first and then rounded up', () => {
    expect(ownCost('fine', tokens({ input: 1 }))).toBe('1');
    expect(ownCost('fine', tokens({ input: MILLION }))).toBe('1');
    expect(ownCost('fine', tokens({ input: MILLION + 1 }))).toBe('2');
    expect(ownCost('fine', tokens({}))).toBe('0');
  });
});

/** With six decimals, without the point. */
function scaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}

function costOf(request: Parameters<typeof prices.costOf>[0], usage: RequestUsage): bigint {
  return BigInt(prices.costOf(request, usage) ?? -1);
}

function tokens(given: Partial<Record<Kind, number>>): RequestUsage {
  const { input = 0, cache_write_5m = 0, cache_write_1h = 0, cache_read = 0, output = 0 } = given;
  return {
    input_tokens: input,
    output_tokens: output,
    cache_creation_input_tokens: cache_write_5m + cache_write_1h,
    cache_read_input_tokens: cache_read,
    ephemeral_5m_input_tokens: cache_write_5m,
    ephemeral_1h_input_tokens: cache_write_1h,
  };
}

function inDollars(units: bigint): string {
  return String(Number(units) / 1e10);
}
