import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { createFileBlobs } from '../../src/session/blobs.js';
import { attach, detach, detachAll, detachFields } from '../../src/session/bodies.js';

const dir = mkdtempSync(join(tmpdir(), 'drover-bodies-'));
const blobs = createFileBlobs(dir);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '$drover_blob', 'x'.repeat(16_384), 'y'.repeat(16_385), 'ü🙂'.repeat(9_000)),
);
/** Any JSON, with keys and values that look like references. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('$drover_blob')), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('P2: what was detached comes back equal, whatever it was', async () => {
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      // As it travels: through Temporal it is JSON.
      const small: unknown = JSON.parse(JSON.stringify(await detach(plain, 'sesn_a', blobs)));
      expect(await attach(small, 'sesn_a', blobs)).toEqual(plain);
      expect(longestString(small)).toBeLessThanOrEqual(16_384);
    }),
    { numRuns: 150 },
  );
});

test('short values stay as they are', async () => {
  const value = { text: 'x'.repeat(16_384), list: [1, null, true], deep: { er: 'y' } };
  expect(await detach(value, 'sesn_a', blobs)).toEqual(value);
});

test('a value that says it is a reference is not taken for one', async () => {
  const forged = { $drover_blob: 'a'.repeat(64) };
  const small = await detach(forged, 'sesn_a', blobs);
  expect(small).not.toEqual(forged);
  expect(await attach(small, 'sesn_a', blobs)).toEqual(forged);
});

test('many short strings that are large together go away together', async () => {
  const value = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(10_000)}`);
  const small = await detach(value, 'sesn_a', blobs);
  expect(JSON.stringify(small).length).toBeLessThan(200);
  expect(await attach(small, 'sesn_a', blobs)).toEqual(value);
});

test('an object keeps its shape, field by field', async () => {
  const event = { id: 'sevt_1', type: 'user.message', content: [{ type: 'text', text: 'x'.repeat(50_000) }] };
  const small = await detachFields(event, 'sesn_a', blobs);
  expect(small).toMatchObject({ id: 'sevt_1', type: 'user.message', content: [{ type: 'text' }] });
  expect(JSON.stringify(small).length).toBeLessThan(300);
  expect(await attach(small, 'sesn_a', blobs)).toEqual(event);
});

test.each([1, 3, 1_000])('%d values that travel together are small together', async (count) => {
  const content = Array.from({ length: Math.ceil(3_000 / count) }, () => ({ type: 'text', text: 'x'.repeat(1_000) }));
  const events = Array.from({ length: count }, (_, index) => ({ id: `sevt_${index}`, type: 'user.message', content }));
  const small = await detachAll(events, 'sesn_a', blobs);
  expect(JSON.stringify(small).length).toBeLessThan(400_000);
  expect(small.map(({ id, type }) => `${id} ${type}`)).toEqual(events.map(({ id, type }) => `${id} ${type}`));
  expect(await attach(small, 'sesn_a', blobs)).toEqual(events);
});

describe('blobs', () => {
  test('the same bytes twice are one file, which only its owner reads; no draft is left', async () => {
    const first = await blobs.put('sesn_b', bytes('hello'));
    expect(await blobs.put('sesn_b', bytes('hello'))).toBe(first);
    expect(readdirSync(join(dir, 'sesn_b'))).toEqual([first]);
    expect(statSync(join(dir, 'sesn_b', first)).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'sesn_b')).mode & 0o777).toBe(0o700);
    expect(Buffer.from(await blobs.get('sesn_b', first)).toString()).toBe('hello');
  });

  test('written at once by many are written once', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => blobs.put('sesn_c', bytes('same'))));
    expect(new Set(keys).size).toBe(1);
    expect(readdirSync(join(dir, 'sesn_c'))).toEqual([keys[0]]);
  });

  test('belong to their session: another has none, and removing leaves nothing', async () => {
    const key = await blobs.put('sesn_d', bytes('mine'));
    await expect(blobs.get('sesn_e', key)).rejects.toThrow('ENOENT');
    await blobs.removeAll('sesn_d');
    await blobs.removeAll('sesn_d');
    expect(readdirSync(dir)).not.toContain('sesn_d');
  });

  test.each(['..', '.', '../sesn_a', 'a/b', '/etc/passwd', 'a\0b', 'a b', '…'])(
    'no name leads out of the directory: %j',
    async (name) => {
      // Thrown or rejected, nothing is touched.
      await expect(async () => blobs.get('sesn_a', name)).rejects.toThrow("Not a blob's name");
      await expect(async () => blobs.put(name, bytes('x'))).rejects.toThrow("Not a blob's name");
      await expect(async () => blobs.removeAll(name)).rejects.toThrow("Not a blob's name");
    },
  );

  test('an empty name is none', async () => {
    await expect(async () => blobs.removeAll('')).rejects.toThrow("Not a blob's name");
  });
});

function longestString(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(0, ...Object.values(value).map(longestString));
}
