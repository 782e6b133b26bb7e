import { planCompaction } from '../src/harness/compaction/compaction.js';
import { summaryBlock } from '../src/harness/compaction/summary-request.js';
import type { CompactResult } from '../src/harness/activity-results.js';
import type { CompactInput } from '../src/harness/protocol.js';
import { buildSummaryRequest } from '../src/harness/context/request.js';
import { sumUp } from '../src/harness/compaction/summing-up.js';
import type { ModelListener } from '../src/model/model.js';
import { detachFields } from '../src/session/bodies.js';
import { alive, AttemptLost } from './alive.js';
import { offeredTools } from './offered-tools.js';
import type { SampleDeps } from './sample-model.js';
import { tellFiles, TOO_MANY_FILES } from './told-files.js';
import { describeWorkspace } from './workspace.js';

export type CompactDeps = Pick<
  SampleDeps,
  'model' | 'transcripts' | 'blobs' | 'control' | 'prices' | 'factsOf' | 'agentOf' | 'mounts' | 'fileOf'
>;

/**
 * Asks the session's own model to sum up the beginning of the conversation. A failing upstream is a result; an attempt
 * after a worker's death asks again, and only what the last one gives is in the log.
 */
export function createCompactContext(deps: CompactDeps): (input: CompactInput) => Promise<CompactResult> {
  return (input) =>
    alive(deps.control, async (line) => {
      const { session_id, up_to, tokens, tries, self_hosted = false } = input;
      const context = await deps.transcripts.load(session_id, up_to);
      const agent = await deps.agentOf(session_id);
      const facts = deps.factsOf(agent.model.id);
      const plan = planCompaction({ context, upTo: up_to, window: facts.context_window, tokens, tries });
      const offer = offeredTools(agent, { network: self_hosted });
      const workspace = await describeWorkspace(deps, input, offer);
      const request = { agent, tools: offer.tools, workspace, facts };
      const signal = AbortSignal.any([line.abort, line.lost]);
      const told = await sumUp(plan, async (asked) => {
        const messages = await tellFiles(asked, session_id, deps.fileOf);
        if (!messages) return TOO_MANY_FILES;
        return deps.model.sample(buildSummaryRequest({ ...request, messages }), NOBODY, signal);
      });
      if (line.lost.aborted && !line.abort.aborted) throw new AttemptLost();
      const cost = deps.prices.costOf({ ...agent.model, model: agent.model.id }, told.usage);
      if (told.type !== 'told') return { ...told, cost };
      const { through, words, system, outcome } = plan;
      const body = {
        content: [summaryBlock(told.text)],
        words,
        system,
        ...(outcome === undefined ? {} : { outcome }),
      };
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
