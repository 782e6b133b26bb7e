import * as fc from 'fast-check';
import { parseSignal } from '../../src/harness/signal.js';

const ids = () => {
  let count = 0;
  return () => `sevt_${++count}`;
};
const said = (id: string, ...texts: string[]) => ({
  id,
  type: 'user.message',
  content: texts.map((text) => ({ type: 'text', text })),
});

describe('a signal', () => {
  const good: [string, unknown, unknown[]][] = [
    ['a text', 'hello', [said('sevt_1', 'hello')]],
    ['an event with text', { type: 'user.message', content: 'hello' }, [said('sevt_1', 'hello')]],
    [
      'an event with blocks',
      {
        type: 'user.message',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      [said('sevt_1', 'a', 'b')],
    ],
    ['an interrupt', { type: 'user.interrupt' }, [{ id: 'sevt_1', type: 'user.interrupt' }]],
    [
      'a list',
      [{ type: 'user.interrupt' }, 'go on'],
      [{ id: 'sevt_1', type: 'user.interrupt' }, said('sevt_2', 'go on')],
    ],
    ['the body of a POST', { events: ['a', 'b'] }, [said('sevt_1', 'a'), said('sevt_2', 'b')]],
    ['an id of its own, which is not taken', { id: 'mine', type: 'user.message', content: 'x' }, [said('sevt_1', 'x')]],
  ];
  test.each(good)('is read: %s', (_, value, events) => {
    expect(parseSignal(value, ids())).toEqual(events);
  });

  const bad: [string, unknown, RegExp][] = [
    ['nothing', undefined, /events\.0: must be an object/],
    ['an empty list', [], /No events/],
    ['an empty body', { events: [] }, /No events/],
    ['a number', 7, /must be an object/],
    ['an unknown type', { type: 'agent.message', content: 'x' }, /type must be/],
    ['a blank text', '  ', /must not be empty/],
    ['no content', { type: 'user.message' }, /content must be/],
    ['an empty content', { type: 'user.message', content: [] }, /content must be/],
    ['an empty block', { type: 'user.message', content: [{ type: 'text', text: '' }] }, /only text blocks/],
    ['an image', { type: 'user.message', content: [{ type: 'image' }] }, /only text blocks/],
    ['too many', Array.from({ length: 101 }, () => 'x'), /more than a signal may say/],
    ['too much', 'x'.repeat(70_000), /more than a signal may say/],
    ['a bad one behind a good one', ['a', { type: 'x' }], /^events\.1: /],
  ];
  test.each(bad)('is refused with a reason: %s', (_, value, reason) => {
    expect(parseSignal(value, ids())).toMatch(reason);
  });

  test('never throws, whatever somebody types', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const parsed = parseSignal(value, ids());
        expect(typeof parsed === 'string' || parsed.length > 0).toBe(true);
      }),
    );
  });
});
