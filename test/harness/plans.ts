import * as fc from 'fast-check';
import type { Block, Moment, Outcome, Plan } from './play.js';
import { cents, type Input, type Said } from './said.js';

const change = fc.constantFrom<Input>(
  { type: 'change', change: { title: 'a' } },
  { type: 'change', change: { title: null } },
  { type: 'change', change: { metadata: { a: '1', b: '2' } } },
  { type: 'change', change: { metadata: { a: null } } },
  { type: 'change', change: { metadata: null, title: 'b' } },
  { type: 'change', change: { budget: cents('2') } },
  { type: 'change', change: { budget: cents('9') } },
  { type: 'change', change: { budget: null } },
);

const events: fc.Arbitrary<Input> = fc.record({
  type: fc.constant('events' as const),
  events: fc.array(
    fc.constantFrom<Said>(
      ...(['message', 'message', 'interrupt', 'allow', 'allow', 'deny', 'result', 'result', 'system'] as const),
      ...(['outcome', 'outcome'] as const),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  sameRequest: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const input = fc.oneof(
  { weight: 20, arbitrary: events },
  { weight: 3, arbitrary: change },
  { weight: 1, arbitrary: fc.constantFrom<Input>({ type: 'archive' }, { type: 'delete' }, { type: 'cancel' }) },
);

const moment: fc.Arbitrary<Moment> = fc.record({
  passed: fc.integer({ min: -5_000, max: 20_000 }),
  inputs: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Input[]>([]) },
    { weight: 1, arbitrary: fc.array(input, { minLength: 1, maxLength: 2 }) },
  ),
  resume: fc.boolean(),
  lost: fc.boolean(),
  detached: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const blocks = fc.array(
  fc.constantFrom<Block>('text', 'text', 'empty', 'thinking', 'bash', 'bash', 'read', 'ask', 'custom', 'unknown'),
  { maxLength: 6 },
);

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('reply' as const),
      blocks,
      stop: fc.constantFrom('end_turn', 'tool_use', 'tool_use', 'max_tokens', 'pause_turn', 'refusal', 'new_reason'),
      crowded: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        type: fc.constant('failed' as const),
        disposition: fc.constantFrom('retry', 'retry', 'retry', 'retry', 'exhausted', 'terminal'),
        retryAfterMs: fc.nat(90_000),
        tooLong: fc.boolean(),
      },
      { requiredKeys: ['type', 'disposition'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('partial' as const), blocks }) },
);

/** A first message, and then anything at any moment. */
export const anyPlan: fc.Arbitrary<Plan> = fc
  .record({
    budget: fc.option(fc.constantFrom('1', '3')),
    moments: fc.array(moment, { maxLength: 60, size: 'max' }),
    outcomes: fc.array(outcome, { maxLength: 25, size: 'max' }),
  })
  .map(({ moments, ...plan }) => ({ moments: [FIRST, ...moments], ...plan }));

const FIRST: Moment = {
  passed: 0,
  inputs: [{ type: 'events', events: ['message'], sameRequest: false }],
  resume: false,
  lost: false,
  detached: false,
};
