import * as fc from 'fast-check';
import { createRisingClock } from '../../src/catalog/clock.js';
import { createConfig, mergeConfig } from '../../src/catalog/environments/environment-config.js';
import { mergeMetadata } from '../../src/catalog/metadata.js';
import { resolveModel } from '../../src/catalog/agents/model-config.js';
import { hostAndPathListSchema, hostListSchema } from '../../src/catalog/agents/web-domains.js';

test('the clock rises, also when time stands still or goes back', () => {
  const readings = [5, 5, 3, 10, 10];
  const clock = createRisingClock(() => readings.shift() ?? 0);
  expect(Array.from({ length: 5 }, () => clock())).toEqual([5, 6, 7, 10, 11]);
});

test.each([
  'example.com',
  'docs.example.co.uk',
  'a-b.example.com',
  'example.com/',
  'EXAMPLE.com',
  'xn--bcher-kva.example',
])('%s is a domain', (host) => expect(hostListSchema.safeParse([host]).success).toBe(true));

test.each([
  'https://example.com',
  'example.com:443',
  '*.example.com',
  '127.0.0.1',
  '127.1',
  '0x7f.0x1',
  '::1',
  'com',
  'localhost',
  'a.localhost',
  'printer.local',
  'db.internal',
  'x.localdomain',
  'x.invalid',
  'user@example.com',
  'exa mple.com',
  '-a.example.com',
  'a-.example.com',
  'a..example.com',
  '',
  'bücher.example',
  'example.com/path',
])('%s is none', (host) => expect(hostListSchema.safeParse([host]).success).toBe(false));

test('a search may be held to a path, a fetch may not', () => {
  expect(hostAndPathListSchema.safeParse(['example.com/docs/v1']).success).toBe(true);
  for (const bad of ['example.com/a b', 'example.com/a?b', 'example.com/#a', 'example.com/a,b', '127.0.0.1/a']) {
    expect(hostAndPathListSchema.safeParse([bad]).success).toBe(false);
  }
});

test('a list of domains has 1-64 entries, each once', () => {
  const list = Array.from({ length: 65 }, (_, n) => `h${n}.example.com`);
  expect(hostListSchema.safeParse(list.slice(1)).success).toBe(true);
  expect(hostListSchema.safeParse(list).success).toBe(false);
  expect(hostListSchema.safeParse(['a.com', 'a.com']).success).toBe(false);
  expect(hostListSchema.safeParse([]).success).toBe(false);
});

test('metadata: a patch is merged by key, whatever the keys are called', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'constructor', 'toString', '0');
  const bag = fc.dictionary(key, fc.string(), { noNullPrototype: true });
  const patch = fc.dictionary(key, fc.option(fc.string()), { noNullPrototype: true });
  fc.assert(
    fc.property(bag, patch, (stored, change) => {
      const merged = mergeMetadata(stored, change);
      for (const name of new Set([...Object.keys(stored), ...Object.keys(change)])) {
        const expected = Object.hasOwn(change, name) ? (change[name] ?? undefined) : stored[name];
        expect(Object.hasOwn(merged, name) ? merged[name] : undefined).toBe(expected);
      }
      expect(mergeMetadata(merged, {})).toEqual(merged);
    }),
  );
});

test('a model’s configuration, stored and sent again, stays what it is', () => {
  const level = fc.constantFrom('low', 'medium', 'high', 'xhigh', 'max');
  const params = fc.record(
    {
      id: fc.constantFrom('m1', 'm2'),
      effort: level,
      speed: fc.constantFrom('standard', 'fast'),
      inference_geo: fc.constantFrom('us', 'global'),
    },
    { requiredKeys: ['id'] },
  );
  fc.assert(
    fc.property(params, (sent) => {
      const stored = resolveModel(sent);
      expect(resolveModel(stored, stored)).toEqual(stored);
      expect(stored.effort).toEqual({ type: sent.effort ?? 'high' });
    }),
  );
});

test('an environment’s configuration, stored and sent again, stays what it is', () => {
  const names = fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 });
  const packages = fc.record({ apt: names, pip: names, npm: names }, { requiredKeys: [] });
  fc.assert(
    fc.property(packages, (sent) => {
      const stored = createConfig({ type: 'cloud', packages: sent });
      expect(mergeConfig(stored, stored)).toEqual(stored);
      expect(mergeConfig(stored, { type: 'cloud' })).toEqual(stored);
      expect(mergeConfig(stored, null)).toEqual(stored);
    }),
  );
});
