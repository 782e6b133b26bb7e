import * as fc from 'fast-check';
import { endCompaction } from '../../src/harness/compacting.js';
import { nextStep } from '../../src/harness/harness.js';
import { receive } from '../../src/harness/inputs.js';
import {
  NO_USAGE,
  type CompactResult,
  type SampleFailed,
  type SampleReply,
} from '../../src/harness/activity-results.js';
import { resumedState } from '../../src/harness/state.js';
import { beginSample, beginTurn, endBackOff, endTurn } from '../../src/harness/turn.js';
import type { EventHead } from '../../src/session/journal.js';
import { ask, eventsSince, inTurn } from './in-turn.js';
import { play, reply, toBlock, type Block, type TestThread } from './play.js';
import { anyPlan } from './plans.js';
import { interrupt, message } from './said.js';

/** A reply whose request came to so many of the window's 100 tokens. */
function sized(tokens: number, ...blocks: Block[]): SampleReply {
  const usage = { ...NO_USAGE, input_tokens: tokens - 6, cache_read_input_tokens: 3, output_tokens: 3 };
  return { ...reply(blocks.map(toBlock), 'tool_use'), usage };
}

const refusal: SampleFailed = {
  type: 'failed',
  error: { type: 'model_request_failed_error', message: 'too long', disposition: 'exhausted', too_long: true },
  usage: NO_USAGE,
};

const busy: SampleFailed = {
  type: 'failed',
  error: { type: 'model_overloaded_error', message: 'busy', disposition: 'retry' },
  usage: NO_USAGE,
};

function compact(thread: TestThread, result?: CompactResult): EventHead[] {
  const before = thread.entries.length;
  const span = beginSample(thread);
  const { seq } = thread.state;
  const summary = { through: seq, content: [], words: [], system: [], usage: NO_USAGE, cost: '0' };
  endCompaction(thread, span, `compact_${seq}`, result ?? { type: 'summary', ...summary });
  return eventsSince(thread, before);
}

const next = ({ state }: TestThread): string => nextStep(state).type;

describe('a conversation is compacted', () => {
  test('from four fifths of its model’s window on, before the next request', () => {
    const thread = inTurn();
    ask(thread, sized(40, 'unknown'));
    ask(thread, sized(79, 'unknown'));
    expect(next(thread)).toBe('sample');
    ask(thread, sized(80, 'unknown'));
    expect(next(thread)).toBe('compact');
    const events = compact(thread);
    expect(events.map(({ type }) => type)).toEqual([
      'span.model_request_start',
      'agent.thread_context_compacted',
      'span.model_request_end',
    ]);
    expect(next(thread)).toBe('sample');
  });

  test('after the calls of the reply are answered, and only when there is another request to make', () => {
    const thread = inTurn();
    ask(thread, sized(10, 'unknown'));
    ask(thread, sized(90, 'text', 'bash'));
    expect(next(thread)).toBe('run_tools');
    const over = inTurn();
    ask(over, sized(10, 'unknown'));
    ask(over, { ...sized(90, 'text'), stop_reason: 'end_turn' });
    expect(next(over)).toBe('end_turn');
    endTurn(over);
    receive(over, 'next', [message(over)]);
    beginTurn(over);
    expect(next(over)).toBe('compact');
  });

  test('when its request was refused for its length, whatever is known of it, and nobody is told of an error', () => {
    const thread = inTurn();
    expect(ask(thread, refusal).map(({ type }) => type)).toEqual([
      'span.model_request_start',
      'span.model_request_end',
    ]);
    expect(next(thread)).toBe('compact');
    compact(thread);
    expect(next(thread)).toBe('sample');
  });

  test('not at every request, when its least is above the threshold already', () => {
    const thread = inTurn();
    ask(thread, sized(10, 'unknown'));
    ask(thread, sized(90, 'unknown'));
    compact(thread);
    ask(thread, sized(86, 'unknown'));
    expect(next(thread)).toBe('sample');
    ask(thread, sized(93, 'unknown'));
    expect(next(thread)).toBe('compact');
  });

  test('not at all in a session of an older version, until its model’s window is known', () => {
    const thread = inTurn();
    const { window: _, ...old } = sized(90, 'unknown');
    ask(thread, old);
    expect(next(thread)).toBe('sample');
    const { context: __, ...state } = thread.state;
    expect(resumedState(JSON.parse(JSON.stringify(state))).context).toEqual({
      tokens: 0,
      window: 0,
      least: 0,
      refused: false,
      compactions: 0,
    });
  });

  test('what the summary took counts as any request does', () => {
    const thread = inTurn();
    ask(thread, refusal);
    const usage = { ...NO_USAGE, input_tokens: 70, output_tokens: 5 };
    const before = thread.state.usage.input_tokens;
    const summary = { through: 5, content: [], words: [], system: [], usage, cost: '7' };
    const events = compact(thread, { type: 'summary', ...summary });
    expect(events.at(-1)).toMatchObject({ is_error: false, model_usage: { input_tokens: 70, output_tokens: 5 } });
    expect(thread.state.usage.input_tokens - before).toBe(70);
    expect(thread.state.cost).toBe('7');
  });
});

/** Refused and compacted, so often. */
function inVain(times: number): TestThread {
  const thread = inTurn();
  for (let time = 0; time < times; time += 1) {
    ask(thread, refusal);
    compact(thread);
  }
  return thread;
}

describe('three compactions in a row', () => {
  test('end the turn when they have not helped; the next message starts anew', () => {
    const thread = inVain(3);
    const events = ask(thread, refusal);
    expect(events.at(-1)).toMatchObject({
      type: 'session.error',
      error: { type: 'compaction_limit_reached_error', retry_status: { type: 'exhausted' } },
    });
    expect(next(thread)).toBe('end_turn');
    endTurn(thread);
    expect(thread.entries.at(-1)).toMatchObject({ event: { stop_reason: { type: 'retries_exhausted' } } });
    receive(thread, 'next', [message(thread)]);
    beginTurn(thread);
    ask(thread, refusal);
    expect(next(thread)).toBe('compact');
  });

  test.each<[string, Block, string]>([
    ['a message', 'text', 'compact'],
    ['a call', 'unknown', 'compact'],
    ['nothing that is said', 'thinking', 'end_turn'],
  ])('with %s in between', (_, block, step) => {
    const thread = inVain(3);
    ask(thread, { ...sized(30, block), stop_reason: 'pause_turn' });
    ask(thread, refusal);
    expect(next(thread)).toBe(step);
  });

  test('count those that were too long themselves', () => {
    const thread = inTurn();
    ask(thread, refusal);
    for (let time = 0; time < 2; time += 1) {
      compact(thread, refusal);
      expect(next(thread)).toBe('compact');
    }
    expect(compact(thread, refusal).at(-1)).toMatchObject({ error: { type: 'compaction_limit_reached_error' } });
    expect(next(thread)).toBe('end_turn');
  });
});

describe('a compaction', () => {
  test('that fails is tried again as any request, then given up', () => {
    const thread = inTurn();
    ask(thread, refusal);
    for (let attempt = 1; attempt < 5; attempt += 1) {
      const events = compact(thread, busy);
      expect(events.at(-1)).toMatchObject({ type: 'session.status_rescheduled' });
      endBackOff(thread);
      expect(next(thread)).toBe('compact');
    }
    expect(compact(thread, busy).at(-1)).toMatchObject({
      error: { retry_status: { type: 'exhausted' } },
    });
    expect(next(thread)).toBe('end_turn');
  });

  test('that is interrupted ends the turn, and is made up for in the next', () => {
    const thread = inTurn();
    ask(thread, refusal);
    receive(thread, 'stop', [interrupt(thread)]);
    compact(thread, { type: 'interrupted', usage: NO_USAGE });
    expect(next(thread)).toBe('end_turn');
    endTurn(thread);
    expect(thread.entries.at(-1)).toMatchObject({ event: { stop_reason: { type: 'end_turn' } } });
    receive(thread, 'next', [message(thread)]);
    beginTurn(thread);
    expect(next(thread)).toBe('compact');
  });

  test('happens in the plans that the properties play', () => {
    const count = fc.sample(anyPlan, 300).filter((plan) => play(plan).steps.some(({ type }) => type === 'compact'));
    expect(count.length).toBeGreaterThan(50);
  });
});
