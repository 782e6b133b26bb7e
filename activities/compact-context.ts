import { planCompaction, type Plan } from '../src/harness/compaction.js';
import { summaryBlock, summaryMessages, toBites } from '../src/harness/compaction-request.js';
import { NO_USAGE, type CompactResult } from '../src/harness/outcomes.js';
import type { CompactInput } from '../src/harness/protocol.js';
import { buildSummaryRequest, type RequestInput } from '../src/harness/request.js';
import { addUsage } from '../src/harness/usage.js';
import type { ModelFailure, ModelListener, ModelOutcome, ModelUsage } from '../src/model/model.js';
import { WORKSPACE } from '../src/sandbox/sandbox.js';
import { detachFields } from '../src/session/bodies.js';
import { alive, AttemptLost } from './alive.js';
import { offeredTools } from './offered-tools.js';
import type { SampleDeps } from './sample-model.js';

export type CompactDeps = Pick<
  SampleDeps,
  'model' | 'transcripts' | 'blobs' | 'control' | 'prices' | 'factsOf' | 'agentOf'
>;

/**
 * Asks the session's own model to sum up the beginning of the conversation. A failing upstream is a result; an attempt
 * after a worker's death asks again, and only what the last one gives is in the log.
 */
export function createCompactContext(deps: CompactDeps): (input: CompactInput) => Promise<CompactResult> {
  return ({ session_id, up_to, tokens, tries }) =>
    alive(deps.control, async (line) => {
      const context = await deps.transcripts.load(session_id, up_to);
      const agent = await deps.agentOf(session_id);
      const facts = deps.factsOf(agent.model.id);
      const plan = planCompaction({ context, upTo: up_to, window: facts.context_window, tokens, tries });
      const request = { agent, tools: offeredTools(agent).tools, workspace: { cwd: WORKSPACE }, facts };
      const signal = AbortSignal.any([line.abort, line.lost]);
      const told = await sumUp(plan, request, (input) => deps.model.sample(buildSummaryRequest(input), NOBODY, signal));
      if (line.lost.aborted && !line.abort.aborted) throw new AttemptLost();
      const { id: model, speed } = agent.model;
      const cost = deps.prices.costOf({ model, speed: speed ?? null }, told.usage);
      if (told.type !== 'told') return { ...told, cost };
      const { through, words, system } = plan;
      const body = { content: [summaryBlock(told.text)], words, system };
      return {
        type: 'summary',
        through,
        ...(await detachFields(body, session_id, deps.blobs)),
        usage: told.usage,
        cost,
      };
    });
}

/** A summary is nobody's to watch: it is not said to the user. */
const NOBODY: ModelListener = { onTextStart: () => {}, onText: () => {}, onThinking: () => {} };

type Told =
  | { type: 'told'; text: string; usage: ModelUsage }
  | { type: 'failed'; error: ModelFailure; usage: ModelUsage }
  | { type: 'interrupted'; usage: ModelUsage };

/** Shares of the window that one request's part may fill; the next when the upstream finds that too long. */
const BITE_SHARES = [0.75, 0.4, 0.2];

async function sumUp(
  { part, room }: Plan,
  request: Omit<RequestInput, 'messages'>,
  ask: (request: RequestInput) => Promise<ModelOutcome>,
): Promise<Told> {
  let usage = NO_USAGE;
  let told: Told = { type: 'interrupted', usage };
  for (const share of BITE_SHARES) {
    let soFar: string | null = null;
    for (const bite of toBites(part, room * share)) {
      told = toTold(await ask({ ...request, messages: summaryMessages(bite, soFar) }));
      usage = addUsage(usage, told.usage);
      if (told.type !== 'told') break;
      soFar = told.text;
    }
    if (told.type !== 'failed' || told.error.too_long !== true) break;
  }
  return { ...told, usage };
}

function toTold(outcome: ModelOutcome): Told {
  const { usage } = outcome;
  switch (outcome.type) {
    case 'failed':
      return outcome;
    case 'interrupted':
      return { type: 'interrupted', usage };
    case 'reply': {
      const text = outcome.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
      return text.trim() === '' ? { type: 'failed', error: NO_SUMMARY, usage } : { type: 'told', text, usage };
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
