import { fold, newSessionState } from '../../src/session/fold.js';
import type { LoggedEvent } from '../../src/session/history.js';
import type { SessionAgent, SessionState } from '../../src/session/session.js';
import { START } from '../harness/play.js';

const start = newSessionState({ ...START, title: 'old', metadata: { a: '1' } });

/** One event a second, from second 1 on. */
function after(...events: Partial<LoggedEvent>[]): SessionState {
  return events.reduce<SessionState>(
    (state, event, index) => fold(state, { id: `e${index}`, type: 'agent.message', ...event }, (index + 1) * 1_000),
    start,
  );
}

test('a session begins idle, as it was asked for', () => {
  expect(start).toMatchObject({ status: 'idle', title: 'old', metadata: { a: '1' }, agent: null, archived_at: null });
  expect(start).toMatchObject({ thread_started: false, thread_idled: false, updated_at: START.created_at });
});

test('only running counts as active time', () => {
  const running = { type: 'session.status_running' };
  const rescheduled = { type: 'session.status_rescheduled' };
  expect(after(running)).toMatchObject({ status: 'running', running_since: 1_000, active_ms: 0, thread_started: true });
  expect(after(running, {}, rescheduled)).toMatchObject({
    status: 'rescheduling',
    running_since: null,
    active_ms: 2_000,
  });
  const idle = after(running, {}, rescheduled, {}, running, { type: 'session.status_idle' });
  expect(idle).toMatchObject({ status: 'idle', running_since: null, active_ms: 3_000, thread_idled: true });
});

test.each([
  ['the title', { title: 'new' }, { title: 'new', metadata: { a: '1' } }],
  ['no title', { title: null }, { title: null }],
  ['the whole bag', { metadata: { b: '2' } }, { title: 'old', metadata: { b: '2' } }],
  ['nothing: the bag was emptied', {}, { title: 'old', metadata: {} }],
])('an update with %s', (_, fields, state) => {
  expect(after({}, { type: 'session.updated', ...fields })).toMatchObject({ ...state, updated_at: 2_000 });
});

test('an update of the agent is its new snapshot', () => {
  // Kept as it is, whatever it holds.
  const agent = { id: 'agent_1', system: 'new' } as SessionAgent;
  expect(after({ type: 'session.updated', agent })).toMatchObject({ agent, title: 'old', metadata: { a: '1' } });
});

test('an update of the budget is the new one, or none; its events are not ones that empty the metadata', () => {
  const budget = { type: 'limit', max_list_cost: { amount: '25', currency: 'USD' } };
  const set = { type: 'session.updated', budget };
  expect(newSessionState(START).budget).toBeNull();
  expect(after(set)).toMatchObject({ budget, metadata: { a: '1' }, updated_at: 1_000 });
  expect(after(set, { type: 'session.updated', title: 'new' })).toMatchObject({ budget, title: 'new' });
  expect(after(set, { type: 'session.updated' })).toMatchObject({ budget, metadata: {} });
  expect(after(set, { type: 'session.updated', budget: null })).toMatchObject({ budget: null, metadata: { a: '1' } });
});

test('the end is the first one, whatever follows', () => {
  const end = { type: 'session.status_terminated' };
  expect(after({ type: 'session.status_running' }, end)).toMatchObject({
    status: 'terminated',
    archived_at: 2_000,
    active_ms: 1_000,
  });
  expect(after(end, { type: 'session.deleted' })).toMatchObject({ status: 'terminated', archived_at: 1_000 });
});

test('an outcome that is open when the session is ended from outside is over with it; one that has ended stays as it was', () => {
  const [first, second] = ['outc_1', 'outc_2'].map((outcome_id) => ({ type: 'user.define_outcome', outcome_id }));
  const failed = { type: 'span.outcome_evaluation_end', outcome_id: 'outc_1', result: 'failed', iteration: 0 };
  const { outcomes } = after({ ...first }, failed, { ...second }, { type: 'session.status_terminated' });
  expect(outcomes).toMatchObject([
    { result: 'failed', completed_at: 2_000 },
    { result: 'interrupted', completed_at: 4_000 },
  ]);
});

test('other events change nothing, and the state before is left alone', () => {
  const before = JSON.stringify(start);
  expect(after({}, { type: 'brand.new' }, { type: 'session.thread_status_idle' })).toBe(start);
  after({ type: 'session.status_running' }, { type: 'session.updated' });
  expect(JSON.stringify(start)).toBe(before);
});

test('an outcome goes from pending over its evaluations to its end; the next is another entry', () => {
  const define = { type: 'user.define_outcome', outcome_id: 'outc_1', description: 'A poem.' };
  const request = { type: 'span.model_request_start' };
  const begin = { type: 'span.outcome_evaluation_start', outcome_id: 'outc_1', iteration: 0 };
  const end = { type: 'span.outcome_evaluation_end', outcome_id: 'outc_1', iteration: 0, explanation: 'why' };
  const revise = { ...end, result: 'needs_revision' };
  const met = { ...end, iteration: 1, result: 'satisfied' };
  const outcome = { outcome_id: 'outc_1', description: 'A poem.', iteration: 0, explanation: null, completed_at: null };
  const after1 = (...events: object[]) => after(define, ...events).outcomes;
  expect(start.outcomes).toBeUndefined();
  expect(after1()).toEqual([{ ...outcome, result: 'pending' }]);
  expect(after1(request)).toEqual([{ ...outcome, result: 'running' }]);
  expect(after1(request, begin)).toEqual([{ ...outcome, result: 'evaluating' }]);
  const revised = { ...outcome, result: 'running', iteration: 1, explanation: 'why' };
  expect(after1(request, begin, revise)).toEqual([revised]);
  expect(after1(request, begin, revise, request)).toEqual([revised]);
  const done = { ...revised, result: 'satisfied', completed_at: 5_000 };
  expect(after1(request, begin, revise, met)).toEqual([done]);
  const second = { ...define, outcome_id: 'outc_2' };
  const pending = { ...outcome, outcome_id: 'outc_2', result: 'pending' };
  expect(after1(request, begin, revise, met, second)).toEqual([done, pending]);
  expect(after1(request, begin, revise, met, second, request)).toEqual([done, { ...pending, result: 'running' }]);
});
