import { append, createContext, toMessages } from '../../src/harness/context/context.js';
import { nextStep } from '../../src/harness/harness.js';
import { receive } from '../../src/harness/inputs.js';
import { eventsRefusal } from '../../src/harness/refusals.js';
import type { Limits } from '../../src/harness/state.js';
import { summarize } from '../../src/harness/summary.js';
import { beginTurn, endTurn, pauseTurn } from '../../src/harness/turn.js';
import type { LogEntry } from '../../src/session/history.js';
import { checkEntries } from '../../src/session/invariants.js';
import type { EventHead } from '../../src/session/journal.js';
import type { InputEvent } from '../../src/session/session.js';
import { ask, eventsSince, said } from './in-turn.js';
import { openThread, type TestThread } from './play.js';
import { interrupt, message } from './said.js';

/** A session whose worker is elsewhere, in its turn. */
function inTurn(limits: Partial<Limits> = {}): TestThread {
  const thread = openThread({ self_hosted: true }, limits);
  receive(thread, 'first', [message(thread)]);
  beginTurn(thread);
  return thread;
}

function waiting(...blocks: ('bash' | 'ask' | 'custom')[]): { thread: TestThread; calls: EventHead[] } {
  const thread = inTurn();
  const calls = ask(thread, said('tool_use', ...blocks)).filter(({ type }) => type.endsWith('tool_use'));
  goOn(thread);
  return { thread, calls };
}

function goOn(thread: TestThread): void {
  const step = nextStep(thread.state);
  expect(step.type).not.toBe('run_tools');
  if (step.type === 'pause') pauseTurn(thread, step.pause);
}

let answers = 0;
const answer = (call: EventHead | undefined): InputEvent => ({
  id: `answer_${++answers}`,
  type: 'user.tool_result',
  tool_use_id: call?.id ?? '',
  content: [{ type: 'text', text: 'done' }],
});
const allow = (call: EventHead | undefined): InputEvent => ({
  id: `answer_${++answers}`,
  type: 'user.tool_confirmation',
  tool_use_id: call?.id ?? '',
  result: 'allow',
});

function send(thread: TestThread, ...events: InputEvent[]): EventHead[] {
  const before = thread.entries.length;
  expect(eventsRefusal(thread.state, events)).toBeUndefined();
  receive(thread, `request_${++answers}`, events);
  goOn(thread);
  return eventsSince(thread, before);
}

const types = (events: EventHead[]): string[] => events.map(({ type }) => type);
const refusal = (thread: TestThread, ...events: InputEvent[]) => eventsRefusal(thread.state, events)?.message;

/** What is wrong with the log, but for what is private in it. */
function faults({ entries }: TestThread): string[] {
  const listed = entries.flatMap((entry): LogEntry[] => {
    if (entry.kind === 'event') return [{ ...entry, queued: entry.queued === true }];
    return entry.kind === 'processed' ? [entry] : [];
  });
  return checkEntries(listed).filter((fault) => !fault.includes('is followed by entry'));
}

test('allowed calls are shown at once, and wait for their worker one by one', () => {
  const { thread, calls } = waiting('bash', 'bash');
  expect(calls).toMatchObject([{ evaluated_permission: 'allow' }, { evaluated_permission: 'allow' }]);
  const ids = calls.map(({ id }) => id);
  expect(eventsSince(thread, 0).at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: ids } });
  expect(summarize(thread.state, { type: 'wait' })).toContain('Waits for its worker');
  expect(send(thread, answer(calls[0])).at(-1)).toMatchObject({ stop_reason: { event_ids: [ids[1]] } });
  expect(types(send(thread, answer(calls[0])))).toEqual(['user.tool_result']);
  send(thread, answer(calls[1]));
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
  expect(faults(thread)).toEqual([]);
});

test('a call that asks waits for leave first, then for its worker', () => {
  const { thread, calls } = waiting('ask');
  expect(refusal(thread, answer(calls[0]))).toContain('waits for its confirmation');
  expect(refusal(thread, allow(calls[0]), message(thread))).toContain('waits for an answer');
  expect(types(send(thread, allow(calls[0])))).toEqual(['user.tool_confirmation']);
  expect(nextStep(thread.state)).toEqual({ type: 'wait' });
  send(thread, answer(calls[0]));
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});

test('an answer of the wrong kind is refused', () => {
  const { thread, calls } = waiting('custom');
  expect(refusal(thread, answer(calls[0]))).toContain('user.custom_tool_result');
});

test('P3: an interrupt answers what waits in the one way that a worker understands', () => {
  const { thread, calls } = waiting('bash', 'ask');
  const before = thread.entries.length;
  receive(thread, 'stop', [interrupt(thread)]);
  endTurn(thread);
  const closed = eventsSince(thread, before).filter(({ type }) => type.endsWith('tool_result'));
  expect(closed).toMatchObject(calls.map(({ id }) => ({ type: 'user.tool_result', tool_use_id: id, is_error: true })));
  // The worker that did not hear of it ends later.
  expect(types(send(thread, answer(calls[0])))).toEqual(['user.tool_result']);
  expect(nextStep(thread.state)).toEqual({ type: 'wait' });
  expect(faults(thread)).toEqual([]);
});

test.each([
  ['was cut off', {}, 'max_tokens'],
  ['was refused', {}, 'refusal'],
  ['is the last of its turn', { rounds_per_turn: 1 }, 'tool_use'],
])('the calls of a reply that %s are denied: no worker is to run them', (_, limits, stop) => {
  const thread = inTurn(limits);
  const calls = ask(thread, said(stop, 'bash')).filter(({ type }) => type === 'agent.tool_use');
  expect(calls).toMatchObject([{ evaluated_permission: 'deny' }]);
  expect(calls[0]).not.toHaveProperty('evaluation');
});

test('of a very long result the model is told both ends, and its length', () => {
  const context = createContext();
  const use = { type: 'tool_use' as const, id: 'toolu_1', name: 'bash', input: {} };
  append(context, { kind: 'assistant', seq: 1, reply: { content: [use] }, tool_use_ids: { sevt_1: 'toolu_1' } });
  const text = `begin${'x'.repeat(200_000)}end`;
  const event = { id: 'sevt_2', type: 'user.tool_result' as const, tool_use_id: 'sevt_1', processed_at: '' };
  append(context, { kind: 'event', seq: 2, event: { ...event, content: [{ type: 'text', text }] } });
  const told = JSON.stringify(toMessages(context).at(-1));
  expect(told.length).toBeLessThan(6_000);
  expect(told).toMatch(/begin.*200008 characters.*end/);
});
