import type { EvaluationResult, ToolResult } from '../src/harness/activity-results.js';
import { buildRequest } from '../src/harness/context/request.js';
import { grade } from '../src/harness/evaluation/grading.js';
import { GRADER, gradingTask, lastWords } from '../src/harness/evaluation/grading-task.js';
import { verdictTool } from '../src/harness/evaluation/verdict.js';
import type { EvaluateInput, Spending } from '../src/harness/protocol.js';
import { addCost, isReached, type ExactCost } from '../src/pricing/list-cost.js';
import type { ModelListener, ModelUsage } from '../src/model/model.js';
import { newId } from '../src/ids.js';
import { OUTPUTS, WORKSPACE } from '../src/sandbox/sandbox.js';
import { toolDefinitions } from '../src/sandbox/tools/tools.js';
import type { SessionLog } from '../src/session/session.js';
import { alive, AttemptLost } from './alive.js';
import type { Lifeline } from './control.js';
import { offeredTools } from './offered-tools.js';
import { callInSandbox } from './run-tool.js';
import type { SampleDeps } from './sample-model.js';
import type { SandboxDeps } from './session-sandbox.js';

export interface EvaluateDeps
  extends
    SandboxDeps,
    Pick<SampleDeps, 'model' | 'transcripts' | 'prices' | 'factsOf' | 'agentOf' | 'control' | 'finished'> {
  log: Pick<SessionLog, 'getEvent'>;
}

/** Those that only look. Nobody is asked for leave: they change nothing, and what they show stays with the grader. */
const LOOKS = ['read', 'glob', 'grep'] as const;

/** Of the model's window, in characters, about four to a token: what the grader may be shown leaves room for the rest. */
const ROOM_PER_TOKEN = 2;

/**
 * Has the session's own model, in a conversation of its own, evaluate what the agent has produced. A failing upstream is a
 * result. An attempt after a worker's death begins again: nothing that it does has an effect.
 */
export function createEvaluateOutcome(deps: EvaluateDeps): (input: EvaluateInput) => Promise<EvaluationResult> {
  return (input) =>
    alive(deps.control, async (line) => {
      const { session_id, up_to, definition, self_hosted = false } = input;
      const context = await deps.transcripts.load(session_id, up_to);
      const outcome = await deps.log.getEvent(session_id, definition);
      if (outcome?.type !== 'user.define_outcome') throw new Error(`${definition} defines no outcome.`);
      const sessionAgent = await deps.agentOf(session_id);
      const { model } = sessionAgent;
      const facts = deps.factsOf(model.id);
      const hasFiles = offeredTools(sessionAgent, { network: false }).needsSandbox && !self_hosted;
      const tools = [...(hasFiles ? toolDefinitions({ network: false }, LOOKS) : []), verdictTool];
      const base = {
        agent: { model, system: GRADER },
        tools,
        facts,
        ...(hasFiles && { workspace: { cwd: WORKSPACE } }),
      };
      const costOf = (usage: ModelUsage) => deps.prices.costOf({ ...model, model: model.id }, usage);
      const signal = AbortSignal.any([line.abort, line.lost]);
      const graded = await grade({
        task: gradingTask(outcome, lastWords(context), hasFiles ? OUTPUTS : undefined),
        room: facts.context_window * ROOM_PER_TOKEN,
        mayGoOn: (usage) => !isSpent(input.spending, costOf(usage)),
        ask: (messages) => deps.model.sample(buildRequest({ ...base, messages }), NOBODY, signal),
        look: (call) => look(deps, session_id, call, line),
      });
      if (line.lost.aborted && !line.abort.aborted) throw new AttemptLost();
      const { usage } = graded;
      const cost = costOf(usage);
      return graded.type === 'verdict' ? { type: 'verdict', ...graded.verdict, usage, cost } : { ...graded, cost };
    });
}

/** Whether the session has come to its budget with what this has cost; without a price it may not go on, as elsewhere. */
function isSpent(spending: Spending | undefined, cost: ExactCost | null): boolean {
  if (spending === undefined) return false;
  return cost === null || isReached(addCost(spending.cost, cost), spending.active_ms, spending.max_list_cost);
}

/** One look at the work. Its key is a new one each time: what only looks may be done again. */
async function look(
  deps: EvaluateDeps,
  session_id: string,
  { name, input }: { name: string; input: unknown },
  line: Lifeline,
): Promise<ToolResult> {
  if (!LOOKS.some((known) => known === name)) return refusal(`${name}: there is no such tool`);
  const call = { session_id, tool_use_id: newId('sevt'), name, input };
  const outcome = await callInSandbox(deps, call, { ...line, detach: NEVER });
  if (outcome.type === 'detached') throw new AttemptLost();
  return outcome;
}

const NEVER = new AbortController().signal;

function refusal(text: string): ToolResult {
  return { type: 'result', content: [{ type: 'text', text }], is_error: true };
}

/** Nobody watches a grader at work: it says nothing to the user. */
const NOBODY: ModelListener = { onTextStart: () => {}, onText: () => {}, onThinking: () => {} };
