import { nextStep } from '../../src/harness/harness.js';
import { receive } from '../../src/harness/inputs.js';
import { endBackOff, endTurn } from '../../src/harness/turn.js';
import { ask, eventsSince, fault, inTurn, said } from './in-turn.js';
import type { TestThread } from './play.js';
import { message } from './said.js';

describe('a model that fails', () => {
  test('is asked five times, then the turn is given up', () => {
    const thread = inTurn();
    for (let attempt = 1; attempt < 5; attempt += 1) {
      const events = ask(thread, fault('retry'));
      expect(events.map(({ type }) => type)).toEqual([
        'span.model_request_start',
        'span.model_request_end',
        'session.error',
        'session.thread_status_rescheduled',
        'session.status_rescheduled',
      ]);
      expect(events[1]).toMatchObject({ is_error: true });
      expect(events[2]).toMatchObject({
        error: { type: 'model_rate_limited_error', retry_status: { type: 'retrying' } },
      });
      expect(thread.state.status).toBe('rescheduling');
      expect(nextStep(thread.state).type).toBe('back_off');
      endBackOff(thread);
      expect(thread.state.status).toBe('running');
      expect(nextStep(thread.state).type).toBe('sample');
    }
    expect(ask(thread, fault('retry')).at(-1)).toMatchObject({ error: { retry_status: { type: 'exhausted' } } });
    expect(nextStep(thread.state).type).toBe('end_turn');
    receive(thread, 'late', [message(thread)]);
    endTurn(thread);
    expect(thread.entries.at(-1)).toMatchObject({ event: { stop_reason: { type: 'retries_exhausted' } } });
    // Contract: queued inputs are flushed.
    expect(nextStep(thread.state)).toEqual({ type: 'wait' });
  });

  test('and answers once in between starts its count anew', () => {
    const thread = inTurn();
    for (let attempt = 1; attempt < 5; attempt += 1) ask(thread, fault('retry'));
    ask(thread, said('pause_turn', 'text'));
    expect(thread.state.turn?.failures).toBe(0);
  });

  test.each([
    [0, [0, 0, 0, 0]],
    [0.5, [1_000, 2_000, 4_000, 8_000]],
    [1, [2_000, 4_000, 8_000, 16_000]],
  ])('waits by full jitter: random %d gives %j ms', (random, waits) => {
    const thread = inTurn();
    thread.world.random = random;
    expect(backOffs(thread, 4)).toEqual(waits);
  });

  test('waits at most a minute, unless it asks for more, and never less than it asks for', () => {
    const thread = inTurn({ attempts: 20 });
    thread.world.random = 1;
    expect(backOffs(thread, 8).slice(-3)).toEqual([60_000, 60_000, 60_000]);
    expect(backOffs(inTurn(), 1, 90_000)).toEqual([90_000]);
    expect(backOffs(inTurn(), 3, 1_500)).toEqual([1_500, 2_000, 4_000]);
  });

  test('in a way that no retry mends ends the turn at once', () => {
    const thread = inTurn();
    expect(ask(thread, fault('exhausted')).at(-1)).toMatchObject({ error: { retry_status: { type: 'exhausted' } } });
    endTurn(thread);
    expect(thread.state.status).toBe('idle');
  });

  test('for good ends the session, with its usage said before', () => {
    const thread = inTurn();
    ask(thread, fault('terminal'));
    const before = thread.entries.length;
    endTurn(thread);
    expect(eventsSince(thread, before).map(({ type }) => type)).toEqual([
      'session.usage',
      'session.thread_status_terminated',
      'session.status_terminated',
    ]);
    expect(nextStep(thread.state)).toEqual({ type: 'close' });
  });
});

function backOffs(thread: TestThread, count: number, retryAfterMs?: number): number[] {
  return Array.from({ length: count }, () => {
    ask(thread, fault('retry', retryAfterMs));
    const step = nextStep(thread.state);
    if (step.type !== 'back_off') throw new Error(`it does not wait, but ${step.type}`);
    endBackOff(thread);
    return step.ms;
  });
}
