import { nextStep } from '../../src/harness/harness.js';
import { change, receive } from '../../src/harness/inputs.js';
import type { SampleResult } from '../../src/harness/activity-results.js';
import { changeRefusal, eventsRefusal } from '../../src/harness/refusals.js';
import { resume, beginTurn, endTool, endTurn, pauseTurn } from '../../src/harness/turn.js';
import type { InputEvent } from '../../src/session/session.js';
import { ask, eventsSince, said } from './in-turn.js';
import { openThread, type Block, type TestThread } from './play.js';
import { cents, interrupt, message } from './said.js';

/** A session with this cap, in cents, and a message in hand. */
function begun(cap: string): TestThread {
  const thread = openThread({ budget: cents(cap) });
  receive(thread, 'first', [message(thread)]);
  beginTurn(thread);
  return thread;
}

/** A reply that costs so much, in cents. */
function costing(amount: number, stop: string, ...blocks: Block[]): SampleResult {
  return { ...said(stop, ...blocks), cost: String(amount * 1e8) };
}

const system = (thread: TestThread): InputEvent => ({
  id: thread.ports.newEventId(),
  type: 'system.message',
  content: [{ type: 'text', text: 'be brief' }],
});
const reasons = (thread: TestThread): unknown[] =>
  eventsSince(thread, 0).flatMap((event) => ('stop_reason' in event ? [event.type, event['stop_reason']] : []));

test('at the cap the turn stands still before its next model request; the results are in the log', () => {
  const thread = begun('5');
  ask(thread, costing(5, 'tool_use', 'bash'));
  const step = nextStep(thread.state);
  if (step.type !== 'run_tools') throw new Error(step.type);
  resume(thread);
  for (const call of step.calls) endTool(thread, call, { type: 'result', content: [], is_error: false });
  expect(nextStep(thread.state)).toEqual({ type: 'pause', pause: { type: 'budget_reached' } });
  pauseTurn(thread, { type: 'budget_reached' });
  expect(reasons(thread)).toEqual([
    'session.thread_status_idle',
    { type: 'budget_reached' },
    'session.status_idle',
    { type: 'budget_reached' },
  ]);
  expect(eventsSince(thread, 0).findLast(({ type }) => type === 'session.usage')).toMatchObject({
    usage: { list_cost: { amount: '5', currency: 'USD' } },
    budget: cents('5'),
  });
  expect(nextStep(thread.state)).toEqual({ type: 'wait' });
});

test('below the cap by the smallest part of a cent it goes on', () => {
  const thread = begun('5');
  ask(thread, { ...costing(0, 'pause_turn', 'text'), cost: '499999999' });
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});

test('running time counts: eight cents an hour, to the millisecond', () => {
  const thread = begun('8');
  thread.world.now += 3_599_999;
  ask(thread, costing(0, 'pause_turn', 'text'));
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
  thread.world.now += 1;
  ask(thread, costing(0, 'pause_turn', 'text'));
  expect(nextStep(thread.state)).toMatchObject({ type: 'pause' });
});

test('a turn that ends as it crosses the cap has ended; the session as a whole has reached its budget', () => {
  const thread = begun('5');
  ask(thread, costing(7, 'end_turn', 'text'));
  endTurn(thread);
  expect(reasons(thread)).toEqual([
    'session.thread_status_idle',
    { type: 'end_turn' },
    'session.status_idle',
    { type: 'budget_reached' },
  ]);
});

test('who is waited for comes before what it costs', () => {
  const thread = begun('5');
  ask(thread, costing(7, 'tool_use', 'ask'));
  expect(nextStep(thread.state)).toMatchObject({ type: 'pause', pause: { type: 'requires_action' } });
});

test('at the cap only four kinds of events are taken, and the refusal names them', () => {
  const thread = begun('5');
  ask(thread, costing(7, 'end_turn', 'text'));
  endTurn(thread);
  for (const event of [message(thread), system(thread)]) {
    expect(eventsRefusal(thread.state, [event])?.message).toMatch(
      /user\.tool_confirmation, user\.tool_result, user\.custom_tool_result and user\.interrupt/,
    );
  }
  expect(eventsRefusal(thread.state, [interrupt(thread)])).toBeUndefined();
});

test('an interrupt at the cap stops nothing and is not in the log', () => {
  const thread = begun('5');
  ask(thread, costing(7, 'end_turn', 'text'));
  endTurn(thread);
  const before = thread.entries.length;
  const stop = interrupt(thread);
  expect(receive(thread, 'stop', [stop])).toEqual({ [stop.id]: thread.state.clock });
  expect(thread.entries).toHaveLength(before);
});

test('what was queued before the cap was reached waits, and goes on when it is raised or removed', () => {
  const thread = begun('5');
  receive(thread, 'second', [message(thread)]);
  ask(thread, costing(7, 'end_turn', 'text'));
  endTurn(thread);
  expect(nextStep(thread.state)).toEqual({ type: 'wait' });
  for (const budget of [cents('8'), null]) {
    const copy = { ...thread, state: structuredClone(thread.state) };
    change(copy, { budget });
    expect(nextStep(copy.state)).toEqual({ type: 'begin_turn' });
    expect(eventsSince(copy, 0).at(-1)).toMatchObject({ type: 'session.updated', budget });
  }
});

test('a cap can be replaced by one above what is spent, or removed; never added', () => {
  const thread = begun('5');
  ask(thread, costing(7, 'end_turn', 'text'));
  expect(changeRefusal(thread.state, { budget: cents('7') })).toMatchObject({ code: 'budget_not_raised' });
  expect(changeRefusal(thread.state, { budget: cents('8') })).toBeUndefined();
  change(thread, { budget: null });
  expect(changeRefusal(thread.state, { budget: cents('100') })).toMatchObject({ code: 'budget_create_only' });
});

test('a request without a price, with a cap: no further request, and no cost that would be a guess', () => {
  const thread = begun('500');
  ask(thread, { ...said('pause_turn', 'text'), cost: null });
  expect(nextStep(thread.state)).toEqual({ type: 'pause', pause: { type: 'budget_reached' } });
  pauseTurn(thread, { type: 'budget_reached' });
  const usage = eventsSince(thread, 0).findLast(({ type }) => type === 'session.usage');
  expect(usage).toMatchObject({ usage: { list_cost: null } });
  change(thread, { budget: null });
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});
