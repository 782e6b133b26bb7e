import type { OutcomeDefinition } from '../session/session.js';
import { NO_USAGE } from './activity-results.js';
import { isTurnAsked } from './queue.js';
import { emit, type Outcome, type Thread, type ThreadState } from './state.js';
import { spanUsage } from './usage.js';

/** How often the work may be evaluated where its definition does not say. */
const DEFAULT_ITERATIONS = 3;

/** Takes in what the session is to work toward from now on. */
export function takeOutcome(thread: Thread, event: OutcomeDefinition): void {
  emit(thread, { ...event });
  thread.state.outcome = {
    id: event.outcome_id,
    event_id: event.id,
    max_iterations: event.max_iterations ?? DEFAULT_ITERATIONS,
    iteration: 0,
    is_underway: false,
    evaluation: null,
  };
}

/** The agent is told of the outcome from the next request on. */
export function takeUpOutcome({ outcome }: ThreadState): void {
  if (outcome) outcome.is_underway = true;
}

/**
 * Whether the turn's work is to be evaluated, now that the agent has ended it. What was sent meanwhile comes first, unless
 * the evaluation has begun and is tried again.
 */
export function isEvaluationDue(state: ThreadState): boolean {
  const { turn, outcome } = state;
  if (!outcome?.is_underway || turn?.stop?.type !== 'end_turn') return false;
  return outcome.evaluation !== null || !isTurnAsked(state);
}

/** Ends the outcome, if there is one, because of an interrupt or with the session. */
export function abandonOutcome(thread: Thread): void {
  const { outcome } = thread.state;
  if (outcome === null) return;
  const when = outcome.evaluation === null ? 'before its work was evaluated' : 'while its work was evaluated';
  emitVerdict(thread, outcome, 'interrupted', `The session was interrupted ${when}.`);
  thread.state.outcome = null;
}

/** Says what an evaluation came to. One that was interrupted may never have begun. */
export function emitVerdict(thread: Thread, outcome: Outcome, result: string, explanation: string): void {
  const { id, iteration, evaluation } = outcome;
  emit(thread, {
    type: 'span.outcome_evaluation_end',
    outcome_evaluation_start_id: evaluation?.start_id ?? '',
    outcome_id: id,
    iteration,
    result,
    explanation,
    usage: spanUsage(evaluation?.usage ?? NO_USAGE),
  });
  outcome.evaluation = null;
}
