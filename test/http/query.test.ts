import * as fc from 'fast-check';
import { z } from 'zod';
import { ApiError } from '../../src/api-error.js';
import { createCursor } from '../../src/http/page.js';
import { readQuery } from '../../src/http/query.js';

const COLOURS = ['red', 'green', 'blue'] as const;

test('a list reads the same in each spelling', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...COLOURS), { minLength: 1 }), (values) => {
      const spellings = ['c', 'c[]', 'c%5B%5D'].map((key) => values.map((value) => `${key}=${value}`).join('&'));
      for (const search of spellings) expect(readQuery(`/x?a=b&${search}`).list('c', COLOURS)).toEqual(values);
    }),
  );
});

test('any query string is read or refused, never more', () => {
  fc.assert(
    fc.property(fc.string(), (search) => {
      const query = readQuery(`/x?${search}`);
      const reads = [
        () => query.integer('limit', { min: 1, max: 9 }),
        () => query.flag('f'),
        () => query.list('c', COLOURS),
        () => query.times('t', ['gte', 'lt']),
        () => query.text('page'),
      ];
      expect(reads.map(outcome)).not.toContain('broken');
    }),
  );
});

test('integers keep to their range', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.integer({ min: -2, max: 1003 })), (n) => {
      const read = () => readQuery(`/x?limit=${n}`).integer('limit', { min: 1, max: 1000 });
      expect(outcome(read)).toBe(n >= 1 && n <= 1000 ? n : 'refused');
    }),
  );
});

test('times are read to the millisecond, whatever their zone', () => {
  const range = { min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(range), (date) => {
      expect(readTime(date.toISOString())).toEqual({ gte: date.getTime() });
      expect(readTime(date.toISOString().replace('Z', '+00:00'))).toEqual({ gte: date.getTime() });
    }),
  );
  for (const bad of ['2026', '2026-01-01', 'now', '2026-13-01T00:00:00Z', '2026-01-01T00:00:00']) {
    expect(() => readQuery(`/x?t[gte]=${bad}`).times('t', ['gte'])).toThrow(/^t\[gte\]: /);
  }
});

test('an empty value is none at all', () => {
  const query = readQuery('/x?limit=&page=&f=&c[]=&t[gte]=');
  expect(query.integer('limit', { min: 1, max: 2 })).toBeUndefined();
  expect(query.text('page')).toBeUndefined();
  expect(query.flag('f')).toBeUndefined();
  expect(query.list('c', COLOURS)).toBeUndefined();
  expect(query.times('t', ['gte'])).toBeUndefined();
});

describe('cursors', () => {
  const cursor = createCursor('things', z.strictObject({ created_at: z.int(), id: z.string() }));
  const other = createCursor('others', z.strictObject({ created_at: z.int(), id: z.string() }));

  test('what is encoded is decoded, and fits into a URL as it is', () => {
    fc.assert(
      fc.property(fc.record({ created_at: fc.maxSafeInteger(), id: fc.string() }), (position) => {
        const text = cursor.encode(position);
        expect(text).toMatch(/^page_[\w-]+$/);
        expect(cursor.decode(text)).toEqual(position);
        expect(() => other.decode(text)).toThrow(/^page: /);
      }),
    );
  });

  test('whatever else is refused as the caller’s fault', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `page_${Buffer.from(json).toString('base64url')}`),
        ),
        (text) => {
          expect(() => cursor.decode(text)).toThrow(expect.objectContaining({ type: 'invalid_request_error' }));
        },
      ),
    );
  });
});

function readTime(text: string) {
  return readQuery(`/x?t%5Bgte%5D=${encodeURIComponent(text)}`).times('t', ['gte']);
}

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error instanceof ApiError && error.type === 'invalid_request_error' ? 'refused' : 'broken';
  }
}
