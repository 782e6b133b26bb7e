import { createLiveStores } from '../../src/mounts/memory/live-stores.js';

const RULES = { maxBytes: 102_400, faultOfPath: () => undefined };

test('of the sessions that were used last something is known, and of no more files than memory can hold', () => {
  const live = createLiveStores(RULES);
  const stamp = { ino: 1n, ctimeNs: 1n, size: 1n };
  const file = { stamp, sha256: 'x' };
  const many = (most: number) => new Map(Array.from({ length: most }, (_, n) => [`/${n}`, file]));
  const [first, second] = [live.of('first', 's'), live.of('second', 's')];
  first.taken = { files: many(120_000), isWhole: true };
  expect(live.of('first', 's')).toBe(first);
  second.taken = { files: many(120_000), isWhole: true };
  expect(live.of('second', 's')).toBe(second);
  expect(live.of('first', 's')).not.toBe(first);
  // A single session is known however much it has.
  second.taken = { files: many(240_000), isWhole: true };
  expect(live.of('second', 's')).toBe(second);
  for (let n = 0; n < 256; n++) live.of(`${n}`, 's');
  expect(live.of('second', 's')).not.toBe(second);
});
