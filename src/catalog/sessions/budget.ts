import { z } from 'zod';
import type { SessionAgent, SessionBudget } from '../../session/session.js';
import { invalid } from '../validate.js';
import type { SessionDeps } from './session-deps.js';

/** A budget: whole cents above nothing, as text, in US dollars (behaviours §17). */
export const budgetSchema = z.strictObject({
  type: z.literal('limit'),
  max_list_cost: z.strictObject({
    amount: z
      .string()
      .regex(/^[1-9]\d{0,17}$/, 'must be whole cents as text, above 0 and without leading zeros: "2500" is $25.00'),
    currency: z.literal('USD', 'must be "USD"'),
  }),
}) satisfies z.ZodType<SessionBudget>;

/** What cannot be priced cannot be held to a budget. */
export function checkBudgetable({ hasPrice }: Pick<SessionDeps, 'hasPrice'>, { model }: Pick<SessionAgent, 'model'>) {
  if (hasPrice(model.id)) return;
  throw invalid('budget', `the model ${model.id} has no list price`, 'model_not_budgetable');
}
