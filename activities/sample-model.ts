import { toMessages } from '../src/harness/context/context.js';
import type { OfferedTool, PreviewIds, SampleResult } from '../src/harness/activity-results.js';
import type { SampleInput } from '../src/harness/protocol.js';
import { buildRequest } from '../src/harness/context/request.js';
import { newId } from '../src/ids.js';
import type { Mounts } from '../src/mounts/mounts.js';
import type { Prices } from '../src/pricing/prices.js';
import type { FactsOf } from '../src/model/facts.js';
import type { Model, ModelOutcome } from '../src/model/model.js';
import type { Blobs } from '../src/session/blobs.js';
import { detachFields } from '../src/session/bodies.js';
import type { Bus } from '../src/session/bus.js';
import type { SessionAgent } from '../src/session/session.js';
import type { Transcripts } from '../src/session/transcripts.js';
import { alive, AttemptLost } from './alive.js';
import type { Control } from './control.js';
import type { FinishedCalls } from './finished-calls.js';
import { offeredTools } from './offered-tools.js';
import { createPreviews } from './previews.js';
import { type FileOf, tellFiles, TOO_MANY_FILES } from './told-files.js';
import { describeWorkspace } from './workspace.js';

export interface SampleDeps {
  model: Model;
  transcripts: Transcripts;
  blobs: Blobs;
  bus: Bus;
  control: Control;
  finished: FinishedCalls;
  prices: Pick<Prices, 'costOf'>;
  factsOf: FactsOf;
  mounts: Pick<Mounts, 'describe'>;
  fileOf: FileOf;
  /** The session's agent as it is in force now. */
  agentOf(sessionId: string): Promise<SessionAgent>;
  /** Begins to make the session's sandbox, so that it is there when the reply calls a tool; never waits, never throws. */
  prepareSandbox(sessionId: string): void;
}

/** One model request over the conversation so far; shows its text as it comes. */
export function createSampleModel(deps: SampleDeps): (input: SampleInput) => Promise<SampleResult> {
  return (input) =>
    alive(deps.control, async (line) => {
      const { session_id, up_to, self_hosted = false } = input;
      deps.finished.forget(session_id);
      // First: once the log has been read this far, an update of the agent that came before is in force.
      const context = await deps.transcripts.load(session_id, up_to);
      const agent = await deps.agentOf(session_id);
      const offer = offeredTools(agent, { network: self_hosted });
      const { tools, offered } = offer;
      if (offer.wantsSandbox && !self_hosted) deps.prepareSandbox(session_id);
      const facts = deps.factsOf(agent.model.id);
      const workspace = await describeWorkspace(deps, input, offer);
      const messages = await tellFiles(toMessages(context), session_id, deps.fileOf);
      // New ones for each attempt: what a dead attempt has shown is closed by the request's end, never continued.
      const ids = { message: newId('sevt'), thinking: newId('sevt') };
      const previews = createPreviews(ids, (preview) => deps.bus.preview(session_id, preview));
      const signal = AbortSignal.any([line.abort, line.lost]);
      const outcome = messages
        ? await deps.model.sample(buildRequest({ agent, messages, tools, workspace, facts }), previews, signal)
        : TOO_MANY_FILES;
      if (line.lost.aborted && !line.abort.aborted) throw new AttemptLost();
      const cost = deps.prices.costOf({ ...agent.model, model: agent.model.id }, outcome.usage);
      const small = <T extends object>(block: T): Promise<T> => detachFields(block, session_id, deps.blobs);
      const said = { ids, offered, window: facts.context_window };
      return { cost, ...(await toResult(outcome, said, small)) };
    });
}

async function toResult(
  outcome: ModelOutcome,
  said: { ids: PreviewIds; offered: OfferedTool[]; window: number },
  small: <T extends object>(block: T) => Promise<T>,
): Promise<SampleResult> {
  switch (outcome.type) {
    case 'failed':
      return outcome;
    case 'interrupted':
      return { ...outcome, content: await Promise.all(outcome.content.map(small)), ids: said.ids };
    case 'reply':
      return { ...outcome, content: await Promise.all(outcome.content.map(small)), ...said };
    default:
      return unreachable(outcome);
  }
}

function unreachable(outcome: never): never {
  throw new Error(`Unknown outcome ${JSON.stringify(outcome)}`);
}
