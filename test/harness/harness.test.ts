import * as fc from 'fast-check';
import { nextStep } from '../../src/harness/harness.js';
import { budgetReached } from '../../src/harness/spending.js';
import { sessionUsage } from '../../src/harness/usage.js';
import { waitingCalls } from '../../src/harness/waiting.js';
import { fold, newSessionState } from '../../src/session/fold.js';
import type { JournalEntry } from '../../src/session/journal.js';
import type { SessionStart } from '../../src/session/session.js';
import { faultsOf } from './invariants.js';
import { play, START, type Moment, type Plan } from './play.js';
import { cents } from './said.js';
import { anyPlan } from './plans.js';

const RUNS = { numRuns: 800 };

/** What the reader of a log makes of it. */
function foldOf(entries: JournalEntry[], start: Partial<SessionStart>) {
  return entries.reduce(
    (state, entry) => (entry.kind === 'event' ? fold(state, entry.event, entry.at) : state),
    newSessionState({ ...START, ...start }),
  );
}

describe('whatever is said, whatever comes of it, and whenever', () => {
  test('the log keeps its invariants and the contract’s order', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        expect(faultsOf(play(plan).entries)).toEqual([]);
      }),
      RUNS,
    );
  });

  test('P9: a run that goes on from another’s state as JSON writes what the first would have written', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const resumed = play(plan);
        const whole = play(plan, { resumes: false });
        expect(JSON.stringify(resumed.entries)).toBe(JSON.stringify(whole.entries));
        expect(resumed.state).toEqual(whole.state);
      }),
      RUNS,
    );
  });

  test('P7: the state is plain JSON, small, and all that the next step depends on', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const { state, largestState } = play(plan);
        const copy = JSON.parse(JSON.stringify(state));
        expect(copy).toEqual(state);
        expect(nextStep(copy)).toEqual(nextStep(state));
        expect(largestState).toBeLessThan(10_000);
      }),
      RUNS,
    );
  });

  test('the fold of the log says what the harness knows', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const { state, entries, usage } = play(plan);
        const folded = foldOf(entries, plan.budget === null ? {} : { budget: cents(plan.budget) });
        const { status, title, metadata, budget } = state;
        expect(folded).toMatchObject({ status, title, metadata, budget });
        expect(state.usage).toEqual(usage);
        const open = folded.outcomes?.filter(({ completed_at }) => completed_at === null) ?? [];
        const known = state.outcome && [{ outcome_id: state.outcome.id, iteration: state.outcome.iteration }];
        expect(open).toMatchObject(known ?? []);
        expect(open).toHaveLength(known?.length ?? 0);
        if (state.status !== 'idle' || !folded.thread_idled) return;
        expect(folded.active_ms).toBe(state.active_ms);
        expect(folded.usage).toEqual(sessionUsage(state));
      }),
      RUNS,
    );
  });

  test('it comes to rest: nothing is left over once it waits', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const { state } = play(plan);
        if (state.status === 'terminated') return;
        expect(state).toMatchObject({ status: 'idle', interrupts: [], running_since: null });
        if (waitingCalls(state).length > 0 || budgetReached(state)) return;
        expect(state).toMatchObject({ queue: state.quiet, turn: null });
      }),
      RUNS,
    );
  });
});

test('P2, P9: the state of turn 1,200 is no larger than that of turn 300', () => {
  const quiet = { passed: 1, inputs: [], resume: true, lost: false, detached: false };
  const said: Moment = { ...quiet, inputs: [{ type: 'events', events: ['message'], sameRequest: false }] };
  // The message's moment, one more while the model is asked, and those of the steps before it waits again.
  const turn: Moment[] = [said, quiet, quiet, quiet, quiet];
  const sizeAfter = (turns: number): number => {
    const plan: Plan = { budget: null, moments: Array.from({ length: turns }, () => turn).flat(), outcomes: [] };
    const { state, entries } = play(plan);
    expect(entries.filter((entry) => entry.kind === 'assistant')).toHaveLength(turns);
    return JSON.stringify(state).length;
  };
  const at300 = sizeAfter(300);
  expect(at300).toBeLessThan(10_000);
  // Numbers get longer, nothing else: a request's name has a digit more now.
  expect(sizeAfter(1_200)).toBeLessThan(at300 + 400);
});

test('several calls run side by side only when all of them look without touching', () => {
  const base = play({ budget: null, moments: [], outcomes: [] }).state;
  const next = (...names: string[]) => {
    const calls = names.map((name, index) => ({ id: `${name}${index}`, name, input: {} }));
    const step = nextStep({
      ...base,
      turn: { rounds: 1, failures: 0, back_off_ms: null, calls, pause: null, stop: null },
    });
    return step.type === 'run_tools' ? step.calls.map(({ id }) => id) : step.type;
  };
  expect(next('read', 'grep', 'glob')).toEqual(['read0', 'grep1', 'glob2']);
  expect(next('read', 'glob', 'bash', 'read')).toEqual(['read0', 'glob1']);
  expect(next('bash', 'bash')).toEqual(['bash0']);
  expect(next('write', 'read')).toEqual(['write0']);
  expect(next()).toBe('sample');
});

test('the steps of a turn with a call', () => {
  const first: Moment = {
    passed: 0,
    inputs: [{ type: 'events', events: ['message'], sameRequest: false }],
    resume: false,
    lost: false,
    detached: false,
  };
  const { steps, entries } = play({
    budget: null,
    moments: [first],
    outcomes: [{ type: 'reply', blocks: ['thinking', 'text', 'bash'], stop: 'tool_use' }],
  });
  expect(steps.map(({ type }) => type)).toEqual(['begin_turn', 'sample', 'run_tools', 'sample', 'end_turn', 'wait']);
  expect(entries.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind))).toEqual([
    'user.message',
    'processed',
    'session.status_running',
    'session.thread_status_running',
    'span.model_request_start',
    'assistant',
    'agent.thinking',
    'agent.message',
    'agent.tool_use',
    'span.model_request_end',
    'agent.tool_result',
    'span.model_request_start',
    'assistant',
    'agent.message',
    'span.model_request_end',
    'session.thread_status_idle',
    'session.usage',
    'session.status_idle',
  ]);
});
