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
    [
      'leave to run a call',
      { type: 'user.tool_confirmation', tool_use_id: 'sevt_9', result: 'allow' },
      [{ id: 'sevt_1', type: 'user.tool_confirmation', tool_use_id: 'sevt_9', result: 'allow' }],
    ],
    [
      'a refusal with its reason',
      { type: 'user.tool_confirmation', tool_use_id: 'sevt_9', result: 'deny', deny_message: 'no' },
      [{ id: 'sevt_1', type: 'user.tool_confirmation', tool_use_id: 'sevt_9', result: 'deny', deny_message: 'no' }],
    ],
    [
      'a result as text',
      { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_9', content: 'sunny' },
      [{ ...said('sevt_1', 'sunny'), type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_9', is_error: false }],
    ],
    [
      'an instruction behind a message',
      ['hi', { type: 'system.message', content: 'be brief' }],
      [said('sevt_1', 'hi'), { ...said('sevt_2', 'be brief'), type: 'system.message' }],
    ],
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
    ['an answer to no call', { type: 'user.tool_confirmation', result: 'allow' }, /tool_use_id must name the call/],
    ['half an answer', { type: 'user.tool_confirmation', tool_use_id: 'x', result: 'maybe' }, /"allow" or "deny"/],
    [
      'a reason for what is allowed',
      { type: 'user.tool_confirmation', tool_use_id: 'x', result: 'allow', deny_message: 'no' },
      /goes with result "deny" only/,
    ],
    ['a result of no call', { type: 'user.custom_tool_result', content: 'x' }, /custom_tool_use_id must name the call/],
    ['an instruction before a message', [{ type: 'system.message', content: 'x' }, 'hi'], /^events\.0: .*comes last/],
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
