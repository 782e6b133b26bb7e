import { receive } from '../../src/harness/inputs.js';
import { nextStep } from '../../src/harness/harness.js';
import { eventsRefusal, unawaited } from '../../src/harness/refusals.js';
import { summarize } from '../../src/harness/summary.js';
import { resume, endTool, endTurn, pauseTurn } from '../../src/harness/turn.js';
import type { EventHead } from '../../src/session/journal.js';
import type { InputEvent } from '../../src/session/session.js';
import { ask, eventsSince, inTurn, said } from './in-turn.js';
import type { TestThread } from './play.js';
import { interrupt, message } from './said.js';

/** A turn whose reply made these calls; says what it waits for. */
function waiting(...blocks: ('bash' | 'ask' | 'custom')[]): { thread: TestThread; calls: EventHead[] } {
  const thread = inTurn();
  const calls = ask(thread, said('tool_use', ...blocks)).filter(({ type }) => type.endsWith('tool_use'));
  goOn(thread);
  return { thread, calls };
}

/** Carries out what can be carried out without anybody. */
function goOn(thread: TestThread): void {
  for (;;) {
    const step = nextStep(thread.state);
    if (step.type === 'pause') pauseTurn(thread, step.pause);
    else if (step.type === 'run_tools') {
      resume(thread);
      for (const call of step.calls) endTool(thread, call, { type: 'result', content: [], is_error: false });
    } else return;
  }
}

let requests = 0;

function send(thread: TestThread, ...events: InputEvent[]): EventHead[] {
  const before = thread.entries.length;
  expect(eventsRefusal(thread.state, events)).toBeUndefined();
  receive(thread, `request_${++requests}`, events);
  goOn(thread);
  return eventsSince(thread, before);
}

const types = (events: EventHead[]): string[] => events.map(({ type }) => type);
const id = (call: EventHead | undefined): string => call?.id ?? '';
let answers = 0;
const allow = (call: EventHead | undefined): InputEvent => ({
  id: `answer_${++answers}`,
  type: 'user.tool_confirmation',
  tool_use_id: id(call),
  result: 'allow',
});
const deny = (call: EventHead | undefined, deny_message: string | null = null): InputEvent => ({
  id: `answer_${++answers}`,
  type: 'user.tool_confirmation',
  tool_use_id: id(call),
  result: 'deny',
  deny_message,
});
const result = (call: EventHead | undefined): InputEvent => ({
  id: `answer_${++answers}`,
  type: 'user.custom_tool_result',
  custom_tool_use_id: id(call),
  content: [{ type: 'text', text: 'here' }],
});
const note = (): InputEvent => ({
  id: `answer_${++answers}`,
  type: 'system.message',
  content: [{ type: 'text', text: 'be brief' }],
});

const IDLE = ['session.thread_status_idle', 'session.usage', 'session.status_idle'];

test('calls that need nobody run at once; the others are named, in order', () => {
  const { thread, calls } = waiting('ask', 'bash', 'custom');
  expect(calls).toMatchObject([
    { type: 'agent.tool_use', evaluated_permission: 'ask', evaluation: { type: 'always_ask' } },
    { type: 'agent.tool_use', evaluated_permission: 'allow' },
    { type: 'agent.custom_tool_use' },
  ]);
  expect(calls[2]).not.toHaveProperty('evaluated_permission');
  const last = eventsSince(thread, 0);
  expect(types(last).slice(-4)).toEqual(['agent.tool_result', ...IDLE]);
  expect(last.at(-1)).toMatchObject({
    stop_reason: { type: 'requires_action', event_ids: [id(calls[0]), id(calls[2])] },
    stop_details: null,
  });
  expect(nextStep(thread.state)).toEqual({ type: 'wait' });
});

test('a part of the answers gives another idle with the rest; the last one goes on', () => {
  const { thread, calls } = waiting('ask', 'custom');
  const first = send(thread, result(calls[1]));
  expect(types(first)).toEqual(['user.custom_tool_result', ...IDLE]);
  expect(first.at(-1)).toMatchObject({ stop_reason: { type: 'requires_action', event_ids: [id(calls[0])] } });
  expect(types(send(thread, allow(calls[0])))).toEqual([
    'user.tool_confirmation',
    'session.status_running',
    'session.thread_status_running',
    'agent.tool_result',
  ]);
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});

test('a denied call is answered, with the reason that was given', () => {
  const { thread, calls } = waiting('ask', 'ask');
  const first = send(thread, deny(calls[0], 'Not on a Friday.'));
  expect(types(first)).toEqual(['user.tool_confirmation', 'agent.tool_result', ...IDLE]);
  expect(first[1]).toMatchObject({
    tool_use_id: id(calls[0]),
    is_error: true,
    content: [{ type: 'text', text: 'The user rejected this tool call.\nNot on a Friday.' }],
  });
  const second = send(thread, deny(calls[1]));
  expect(second[1]).toMatchObject({ content: [{ text: 'The user rejected this tool call.' }] });
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});

test('an answer that comes twice is recorded and changes nothing', () => {
  const { thread, calls } = waiting('ask', 'custom');
  send(thread, result(calls[1]));
  expect(types(send(thread, result(calls[1])))).toEqual(['user.custom_tool_result']);
  send(thread, allow(calls[0]));
  expect(types(send(thread, deny(calls[0])))).toEqual(['user.tool_confirmation']);
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});

test('an answer may come before the session says that it waits', () => {
  const thread = inTurn();
  const [call] = ask(thread, said('tool_use', 'custom')).filter(({ type }) => type === 'agent.custom_tool_use');
  receive(thread, 'early', [result(call)]);
  expect(nextStep(thread.state)).toEqual({ type: 'sample' });
});

test('while it waits for an answer nothing else is taken, unless the same request gives the answer or interrupts', () => {
  const { thread, calls } = waiting('ask', 'custom');
  const refused = (...events: InputEvent[]) => eventsRefusal(thread.state, events)?.message;
  expect(refused(message(thread))).toContain(`waits for an answer to ${id(calls[0])}, ${id(calls[1])}`);
  expect(refused(note())).toContain('it has to follow one in the same request');
  expect(refused(allow(calls[0]), message(thread))).toContain(`waits for an answer to ${id(calls[1])};`);
  expect(refused(allow(calls[0]), result(calls[1]), message(thread))).toBeUndefined();
  expect(refused(result(calls[1]), note())).toBeUndefined();
  expect(refused(interrupt(thread), message(thread))).toBeUndefined();
});

test('an interrupt closes what waits: the session’s own calls with a result, custom ones without a word', () => {
  const { thread, calls } = waiting('ask', 'custom');
  const before = thread.entries.length;
  receive(thread, 'stop', [interrupt(thread)]);
  expect(nextStep(thread.state)).toEqual({ type: 'end_turn' });
  endTurn(thread);
  const events = eventsSince(thread, before);
  expect(types(events)).toEqual(['user.interrupt', 'agent.tool_result', ...IDLE]);
  expect(events[1]).toMatchObject({ tool_use_id: id(calls[0]), is_error: true });
  expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
});

test('a system message with a result is heard with it; one by itself waits for the next turn', () => {
  const { thread, calls } = waiting('custom');
  const before = thread.entries.length;
  send(thread, result(calls[0]), note());
  expect(thread.entries.slice(before).map((entry) => entry.kind)).toEqual(['event', 'event', 'processed']);
  send(thread, note());
  expect(thread.state.queue).toEqual(thread.state.quiet);
  expect(thread.state.queue).toHaveLength(1);
});

test('an answer to what nobody waits for is refused where only the workflow can tell', () => {
  const { thread, calls } = waiting('ask');
  expect(unawaited(thread.state, [allow(calls[0])])).toBeUndefined();
  expect(
    unawaited(thread.state, [{ ...allow(calls[0]), id: 'x' }, result({ id: 'sevt_other', type: 'session.error' })]),
  ).toEqual({
    message: 'No call waits for an answer under the id sevt_other.',
  });
});

test('the summary says who is asked for what, since when, and the very line that answers', () => {
  const { thread, calls } = waiting('ask', 'custom');
  const text = summarize(thread.state, { type: 'wait' });
  expect(text).toContain(`**Waits for you** since ${new Date(thread.state.clock).toISOString()}`);
  expect(text).toContain('May it run `ask`?');
  const input = `'{"type":"user.tool_confirmation","tool_use_id":"${id(calls[0])}","result":"allow"}'`;
  const line = ['temporal workflow signal', '--workflow-id sesn_1', '--name events', `--input ${input}`];
  expect(text).toContain(line.join(' \\\n  '));
  expect(text).toContain(`"custom_tool_use_id":"${id(calls[1])}"`);
});
