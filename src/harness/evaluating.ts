import type { EvaluationResult, Verdict } from './activity-results.js';
import { NO_USAGE } from './activity-results.js';
import { fail } from './failing.js';
import { emitVerdict } from './outcome.js';
import type { EvaluateInput } from './protocol.js';
import { activeMs, spend } from './spending.js';
import { emit, type Outcome, type Thread } from './state.js';
import { beginTurn, resume } from './turn.js';
import { addUsage } from './usage.js';

/** Begins an evaluation, or makes another attempt at the one under way; returns what is asked for. */
export function beginEvaluation(thread: Thread): EvaluateInput {
  resume(thread);
  const outcome = underway(thread);
  outcome.evaluation ??= { start_id: emitStart(thread, outcome), usage: NO_USAGE };
  const { session_id, seq: up_to, self_hosted, budget, cost } = thread.state;
  return {
    session_id,
    up_to,
    definition: outcome.event_id,
    ...(budget ? { spending: { cost, active_ms: activeMs(thread.state), max_list_cost: budget.max_list_cost } } : {}),
    ...(self_hosted ? { self_hosted } : {}),
  };
}

/** Says that the evaluation goes on. */
export function noteEvaluation(thread: Thread): void {
  const { id, iteration } = underway(thread);
  emit(thread, { type: 'span.outcome_evaluation_ongoing', outcome_id: id, iteration });
}

/** Takes in what the evaluation came to: the outcome's end, another revision, or a failure that may pass. */
export function endEvaluation(thread: Thread, result: EvaluationResult): void {
  const { state } = thread;
  const outcome = underway(thread);
  const { turn } = state;
  if (turn === null || outcome.evaluation === null) throw new Error('No evaluation is under way.');
  state.usage = addUsage(state.usage, result.usage);
  outcome.evaluation.usage = addUsage(outcome.evaluation.usage, result.usage);
  spend(state, result);
  if (result.type === 'verdict') {
    turn.failures = 0;
    judge(thread, outcome, result);
  }
  // That it was interrupted is said with the turn's end, which comes next. At its budget it goes on when that is raised.
  if (result.type !== 'failed') return;
  fail(thread, turn, result.error);
  if (turn.back_off_ms !== null) return;
  conclude(thread, outcome, 'failed', `The work could not be evaluated: ${result.error.message}`);
}

function judge(thread: Thread, outcome: Outcome, { result, explanation }: Verdict): void {
  if (result !== 'needs_revision') return conclude(thread, outcome, result, explanation);
  const isLast = outcome.iteration + 1 >= outcome.max_iterations;
  if (isLast) conclude(thread, outcome, 'max_iterations_reached', explanation);
  else {
    emitVerdict(thread, outcome, 'needs_revision', explanation);
    outcome.iteration += 1;
  }
  // The agent revises its work; or, without another evaluation, says where it stands.
  beginTurn(thread);
}

function conclude(thread: Thread, outcome: Outcome, result: string, explanation: string): void {
  emitVerdict(thread, outcome, result, explanation);
  thread.state.outcome = null;
}

function emitStart(thread: Thread, { id, iteration }: Outcome): string {
  const start = thread.ports.newEventId();
  emit(thread, { id: start, type: 'span.outcome_evaluation_start', outcome_id: id, iteration });
  return start;
}

function underway({ state }: Thread): Outcome {
  if (state.outcome === null) throw new Error('No outcome is worked toward.');
  return state.outcome;
}
