import type { MessageParam, ModelFailure, ModelOutcome, ModelUsage } from '../../model/model.js';
import type { Plan } from './compaction.js';
import { summaryMessages, toBites } from './summary-request.js';
import { NO_USAGE } from '../activity-results.js';
import { addUsage } from '../usage.js';

/** What asking for a summary came to, over all the requests that it took. */
export type SummedUp =
  | { type: 'told'; text: string; usage: ModelUsage }
  | { type: 'failed'; error: ModelFailure; usage: ModelUsage }
  | { type: 'interrupted'; usage: ModelUsage };

/** Shares of the window that one request's part may fill; the next when the upstream finds that too long. */
const BITE_SHARES = [0.75, 0.4, 0.2];

/**
 * Sums up the plan's part by asking for it with messages: in one request, or in several that each take over what the
 * one before has summed up, when it is longer than one can be.
 */
export async function sumUp(
  { part, room }: Pick<Plan, 'part' | 'room'>,
  ask: (messages: MessageParam[]) => Promise<ModelOutcome>,
): Promise<SummedUp> {
  let usage = NO_USAGE;
  let told: SummedUp = { type: 'interrupted', usage };
  for (const share of BITE_SHARES) {
    let soFar: string | null = null;
    for (const bite of toBites(part, room * share)) {
      told = toSummedUp(await ask(summaryMessages(bite, soFar)));
      usage = addUsage(usage, told.usage);
      if (told.type !== 'told') break;
      soFar = told.text;
    }
    if (told.type !== 'failed' || told.error.too_long !== true) break;
  }
  return { ...told, usage };
}

function toSummedUp(outcome: ModelOutcome): SummedUp {
  const { usage } = outcome;
  switch (outcome.type) {
    case 'failed':
      return outcome;
    case 'interrupted':
      return { type: 'interrupted', usage };
    case 'reply': {
      const text = outcome.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
      const isNone = text.trim() === '' || outcome.stop_reason === 'refusal';
      return isNone ? { type: 'failed', error: NO_SUMMARY, usage } : { type: 'told', text, usage };
    }
    default:
      return unreachable(outcome);
  }
}

const NO_SUMMARY: ModelFailure = {
  type: 'model_request_failed_error',
  message: 'The conversation nears the length that its model can read, and the model gave no summary of it.',
  disposition: 'retry',
};

function unreachable(outcome: never): never {
  throw new Error(`Unknown outcome ${JSON.stringify(outcome)}`);
}
