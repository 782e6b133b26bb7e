import { INTERRUPTED_TOOL_RESULT } from '../../src/harness/context/results.js';
import { nextStep } from '../../src/harness/harness.js';
import { receive } from '../../src/harness/inputs.js';
import { NO_USAGE } from '../../src/harness/activity-results.js';
import { beginTurn, endTool, endTurn } from '../../src/harness/turn.js';
import { ask, eventsSince, fault, inTurn, said } from './in-turn.js';
import { openThread, toBlock, type TestThread } from './play.js';
import { interrupt, message } from './said.js';

describe('an interrupt', () => {
  test('ends a turn whose model is being asked, and keeps what was shown', () => {
    const thread = inTurn();
    stop(thread);
    const content = [toBlock('text', 0)];
    const events = ask(thread, { type: 'interrupted', content, usage: NO_USAGE, ids: { message: 'M', thinking: 'T' } });
    expect(events.map(({ type }) => type)).toEqual([
      'span.model_request_start',
      'agent.message',
      'span.model_request_end',
    ]);
    expect(nextStep(thread.state)).toEqual({ type: 'end_turn' });
    endTurn(thread);
    expect(thread.entries.at(-1)).toMatchObject({ event: { stop_reason: { type: 'end_turn' } } });
    expect(thread.state.interrupts).toEqual([]);
  });

  test('while commands run answers the ones that have not, once each', () => {
    const thread = inTurn();
    ask(thread, said('tool_use', 'read', 'read', 'bash'));
    const [first, second, third] = thread.state.turn?.calls ?? [];
    if (!first || !second || !third) throw new Error('the calls are missing');
    stop(thread);
    endTool(thread, first, { type: 'result', content: [], is_error: false });
    endTool(thread, second, null);
    expect(nextStep(thread.state)).toEqual({ type: 'end_turn' });
    const before = thread.entries.length;
    endTurn(thread);
    expect(eventsSince(thread, before)[0]).toMatchObject({
      type: 'agent.tool_result',
      tool_use_id: third.id,
      is_error: true,
      content: [{ type: 'text', text: INTERRUPTED_TOOL_RESULT }],
    });
  });

  test('ends the wait before a retry', () => {
    const thread = inTurn();
    ask(thread, fault('retry', 60_000));
    stop(thread);
    expect(nextStep(thread.state)).toEqual({ type: 'end_turn' });
    const before = thread.entries.length;
    endTurn(thread);
    expect(eventsSince(thread, before).at(-1)).toMatchObject({ type: 'session.status_idle' });
  });

  test('is idle in between when more was said behind it', () => {
    const thread = inTurn();
    receive(thread, 'both', [interrupt(thread), message(thread)]);
    endTurn(thread);
    expect(thread.state.status).toBe('idle');
    expect(nextStep(thread.state)).toEqual({ type: 'begin_turn' });
  });

  test('with nothing under way has taken effect already', () => {
    const thread = openThread();
    stop(thread);
    expect(thread.entries).toMatchObject([{ queued: true }, { kind: 'processed' }]);
    expect(nextStep(thread.state)).toEqual({ type: 'wait' });
  });

  test('behind a message of the same request stops that message’s turn', () => {
    const thread = openThread();
    receive(thread, 'both', [message(thread), interrupt(thread)]);
    beginTurn(thread);
    expect(nextStep(thread.state)).toEqual({ type: 'end_turn' });
  });
});

function stop(thread: TestThread): void {
  receive(thread, 'stop', [interrupt(thread)]);
}
