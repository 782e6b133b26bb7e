import type Anthropic from '@anthropic-ai/sdk';
import type { ExactCost } from '../pricing/list-cost.js';
import type { ContentBlock, ModelFailure, ModelUsage } from '../model/model.js';
import type { Summary } from './context/context.js';

/** What one model request came to: the result of the activity `sampleModel`. */
export type SampleResult = SampleReply | SampleInterrupted | SampleFailed;

/** What a model request took, however it ended. */
export interface RequestCost {
  usage: ModelUsage;
  /** At list price; null when the model has none. Absent in results from before there were prices. */
  cost?: ExactCost | null;
}

export interface SampleReply extends RequestCost {
  type: 'reply';
  content: ContentBlock[];
  stop_reason: string;
  stop_details: { category: string | null; explanation: string | null } | null;
  ids: PreviewIds;
  /** The tools that the request offered: a call of any other is not run. */
  offered: OfferedTool[];
  /** The model's context window, in tokens. Absent in results from before there was compaction. */
  window?: number;
}

/** A tool by its name alone runs in the sandbox without asking. */
export type OfferedTool = string | { name: string; type: 'custom' } | { name: string; policy: 'always_ask' | 'auto' };

export interface SampleInterrupted extends RequestCost {
  type: 'interrupted';
  content: ContentBlock[];
  ids: PreviewIds;
}

export interface SampleFailed extends RequestCost {
  type: 'failed';
  error: ModelFailure;
}

/** What a compaction came to: the result of the activity `compactContext`. */
export type CompactResult = CompactSummary | CompactInterrupted | SampleFailed;

export interface CompactSummary extends RequestCost, Summary {
  type: 'summary';
}

export interface CompactInterrupted extends RequestCost {
  type: 'interrupted';
}

/** What an evaluation came to: the result of the activity `evaluateOutcome`. */
export type EvaluationResult = Verdict | EvaluationUnfinished | SampleFailed;

export interface Verdict extends RequestCost {
  type: 'verdict';
  /** `failed`: the rubric does not apply to what was produced. */
  result: 'satisfied' | 'needs_revision' | 'failed';
  explanation: string;
}

/** It was interrupted, or the budget was reached before there was a verdict. */
export interface EvaluationUnfinished extends RequestCost {
  type: 'interrupted' | 'budget_reached';
}

/** Event ids that previews have already shown: the buffered events carry the same. */
export interface PreviewIds {
  message: string;
  thinking: string;
}

/** What one tool call came to: the result of the activity `runTool`. */
export type ToolOutcome = ToolResult | ToolDetached;

export interface ToolResult {
  type: 'result';
  content: NonNullable<Anthropic.Beta.Sessions.BetaManagedAgentsAgentToolResultEvent['content']>;
  is_error: boolean;
}

/** The call goes on in the sandbox and is taken up again under the same id. */
export interface ToolDetached {
  type: 'detached';
}

export const NO_USAGE: ModelUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  ephemeral_5m_input_tokens: 0,
  ephemeral_1h_input_tokens: 0,
};
