import type Anthropic from '@anthropic-ai/sdk';
import type { Verdict } from '../activity-results.js';

/** The name of the tool with which a grader says what it has come to. */
export const VERDICT_TOOL = 'give_verdict';

const RESULTS = ['satisfied', 'needs_revision', 'failed'] as const satisfies Verdict['result'][];
/** Characters of an explanation that are kept: it stands in the log and in the conversation. */
const LONGEST_EXPLANATION = 16_000;

/** As the model is told of it. */
export const verdictTool: Anthropic.Beta.BetaTool = {
  name: VERDICT_TOOL,
  description: 'Says what the evaluation came to, and ends it.',
  input_schema: {
    type: 'object',
    properties: {
      result: {
        type: 'string',
        enum: [...RESULTS],
        description:
          'satisfied: every criterion of the rubric is met. needs_revision: some are not, and could be. ' +
          'failed: the rubric does not apply to what was produced, so that no revision would help.',
      },
      explanation: {
        type: 'string',
        description:
          'Why, criterion by criterion. Of each that is not met: what is missing, where, and what would meet it.',
      },
    },
    required: ['result', 'explanation'],
  },
};

/** The verdict that a call gives; a text says what is wrong with it. */
export function parseVerdict(input: unknown): Pick<Verdict, 'result' | 'explanation'> | string {
  const { result, explanation } = Object(input) as Record<string, unknown>;
  const known = RESULTS.find((name) => name === result);
  if (known === undefined) return `result must be one of ${RESULTS.join(', ')}`;
  if (typeof explanation !== 'string' || explanation.trim() === '') return 'explanation must be text';
  return { result: known, explanation: explanation.slice(0, LONGEST_EXPLANATION).toWellFormed() };
}
