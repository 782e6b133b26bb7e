import { nextStep } from '../../src/harness/harness.js';
import { receive } from '../../src/harness/inputs.js';
import type { SampleResult } from '../../src/harness/activity-results.js';
import { beginSample, beginTurn, endBackOff, endSample, endTool, endTurn } from '../../src/harness/turn.js';
import { ask, eventsSince, fault, inTurn, said } from './in-turn.js';
import { openThread, reply, toBlock } from './play.js';
import { message } from './said.js';

describe('what a reply’s stop reason means', () => {
  const rows: [string, SampleResult, string, string | undefined][] = [
    ['an end', said('end_turn', 'text'), 'end_turn', 'end_turn'],
    ['an empty reply', said('end_turn'), 'end_turn', 'end_turn'],
    ['a stop sequence', said('stop_sequence', 'text'), 'end_turn', 'end_turn'],
    ['a reason that is not known yet', said('brand_new', 'text'), 'end_turn', 'end_turn'],
    ['the output limit without a call', said('max_tokens', 'text'), 'end_turn', 'end_turn'],
    ['a refusal', said('refusal', 'text'), 'end_turn', 'refusal'],
    ['a refusal beside a call', said('refusal', 'text', 'bash'), 'end_turn', 'refusal'],
    ['a call', said('tool_use', 'text', 'bash'), 'run_tools', undefined],
    ['a call, whatever the reason says', said('end_turn', 'bash'), 'run_tools', undefined],
    ['a pause', said('pause_turn', 'text'), 'sample', undefined],
    ['the output limit in a call', said('max_tokens', 'text', 'bash'), 'sample', undefined],
    ['a call of a tool that is not there', said('tool_use', 'unknown'), 'sample', undefined],
  ];
  test.each(rows)('%s', (_, result, step, stop) => {
    const thread = inTurn();
    ask(thread, result);
    expect(nextStep(thread.state).type).toBe(step);
    expect(thread.state.turn?.stop?.type).toBe(stop);
  });

  test('the refusal’s category and explanation are on both idle events', () => {
    const thread = inTurn();
    ask(thread, { ...reply([toBlock('text', 0)], 'refusal'), stop_details: { category: 'cyber', explanation: 'no' } });
    const before = thread.entries.length;
    endTurn(thread);
    const details = { type: 'refusal', category: 'cyber', explanation: 'no' };
    expect(eventsSince(thread, before)).toMatchObject([
      { type: 'session.thread_status_idle', stop_reason: { type: 'refusal' }, stop_details: details },
      { type: 'session.usage', budget: null },
      { type: 'session.status_idle', stop_reason: { type: 'refusal' }, stop_details: details },
    ]);
  });

  test('no call of a reply that reached its limit is run: each is told why, and the model sees it', () => {
    const thread = inTurn();
    const events = ask(thread, said('max_tokens', 'bash', 'unknown', 'read'));
    const results = events.filter(({ type }) => type === 'agent.tool_result');
    expect(results).toMatchObject([
      { is_error: true, content: [{ text: expect.stringContaining('output limit') }] },
      { is_error: true, content: [{ text: 'There is no tool named unknown.' }] },
      { is_error: true, content: [{ text: expect.stringContaining('output limit') }] },
    ]);
    expect(nextStep(thread.state)).toEqual({ type: 'sample' });
  });

  test('a call of an unknown tool is denied without a policy; known ones are allowed by theirs', () => {
    const thread = inTurn();
    const uses = ask(thread, said('tool_use', 'unknown', 'bash')).filter(({ type }) => type === 'agent.tool_use');
    expect(uses).toMatchObject([
      { name: 'unknown', evaluated_permission: 'deny' },
      { name: 'bash', evaluated_permission: 'allow', evaluation: { type: 'always_allow' } },
    ]);
    expect(uses[0]).not.toHaveProperty('evaluation');
    expect(nextStep(thread.state)).toMatchObject({ type: 'run_tools', calls: [{ name: 'bash' }] });
  });

  test('a message has the texts of the reply, by their places, and the ids that previews have shown', () => {
    const thread = inTurn();
    const content = (['thinking', 'text', 'empty', 'text', 'bash'] as const).map(toBlock);
    endSample(thread, beginSample(thread), 'model_9', reply(content, 'tool_use', { message: 'M', thinking: 'T' }));
    expect(thread.entries.slice(-5)).toMatchObject([
      { kind: 'assistant', from: { activity: 'model_9' }, tool_use_ids: expect.any(Object) },
      { event: { id: 'T', type: 'agent.thinking' } },
      { event: { id: 'M', type: 'agent.message' }, from: { activity: 'model_9', blocks: [1, 3] } },
      { event: { type: 'agent.tool_use' }, from: { activity: 'model_9', blocks: [4] } },
      { event: { type: 'span.model_request_end', is_error: false, model_usage: { input_tokens: 10 } } },
    ]);
  });
});

describe('messages that come while it runs', () => {
  test('are the next turn’s, which follows without an idle in between', () => {
    const thread = inTurn();
    receive(thread, 'more', [message(thread), message(thread)]);
    ask(thread, said('end_turn', 'text'));
    const before = thread.entries.length;
    endTurn(thread);
    expect(thread.entries.length).toBe(before);
    expect(nextStep(thread.state)).toEqual({ type: 'begin_turn' });
    beginTurn(thread);
    // Both at once, and no second `running`.
    expect(thread.entries.slice(before).map(({ kind }) => kind)).toEqual(['processed', 'processed']);
    expect(nextStep(thread.state)).toEqual({ type: 'sample' });
  });
});

test('the turn ends at the limit of its requests, and says so', () => {
  const thread = inTurn({ rounds_per_turn: 3 });
  for (let round = 0; round < 3; round += 1) {
    expect(nextStep(thread.state).type).toBe('sample');
    ask(thread, said('tool_use', 'bash'));
    const call = thread.state.turn?.calls[0];
    if (call && round < 2) endTool(thread, call, { type: 'result', content: [], is_error: false });
  }
  expect(nextStep(thread.state)).toEqual({ type: 'end_turn' });
  endTurn(thread);
  const events = eventsSince(thread, 0);
  expect(events.find(({ type }) => type === 'session.error')).toMatchObject({
    error: { type: 'tool_use_limit_reached_error', retry_status: { type: 'exhausted' } },
  });
  expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'retries_exhausted' } });
});

test('only running counts as time, and usage adds up over turns', () => {
  const thread = inTurn();
  thread.world.now += 1_000;
  ask(thread, fault('retry'));
  thread.world.now += 50_000;
  endBackOff(thread);
  thread.world.now += 2_000;
  ask(thread, said('end_turn', 'text'));
  endTurn(thread);
  thread.world.now += 70_000;
  receive(thread, 'second', [message(thread)]);
  beginTurn(thread);
  ask(thread, said('end_turn', 'text'));
  thread.world.now += 500;
  endTurn(thread);
  const usage = eventsSince(thread, 0).findLast(({ type }) => type === 'session.usage');
  expect(usage).toMatchObject({ usage: { active_seconds: 3.5, input_tokens: 20, output_tokens: 6 } });
});

test('steps out of turn are bugs, and thrown', () => {
  const thread = openThread();
  expect(() => endTurn(thread)).toThrow('No turn is under way.');
  expect(() => endBackOff(thread)).toThrow('No turn is under way.');
});
