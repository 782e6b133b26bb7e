import { addCost, isReached } from '../pricing/list-cost.js';
import type { SessionBudget } from '../session/session.js';
import type { RequestCost } from './activity-results.js';
import type { ThreadState } from './state.js';

/** Adds what a model request has cost. */
export function spend(state: ThreadState, { cost, usage }: RequestCost): void {
  if (cost != null) state.cost = addCost(state.cost, cost);
  else if (usage.input_tokens + usage.output_tokens > 0) state.unpriced = true;
}

/** Whether the session may not make another model request. Where costs are not known, none is allowed. */
export function budgetReached(state: ThreadState): boolean {
  const { budget } = state;
  return budget !== null && (state.unpriced || covers(state, budget));
}

/** Whether the session has already cost what this budget allows. */
export function covers(state: ThreadState, budget: SessionBudget): boolean {
  return isReached(state.cost, activeMs(state), budget.max_list_cost);
}

/** Time spent running, up to the last entry. */
export function activeMs({ active_ms, running_since, clock }: ThreadState): number {
  return active_ms + (running_since === null ? 0 : Math.max(0, clock - running_since));
}
