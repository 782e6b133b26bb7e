import type { ExactCost } from '../pricing/list-cost.js';
import type { InputEvent, SessionBudget, SessionChange, SessionStart } from '../session/session.js';
import type { Processed } from './inputs.js';
import type { HandedOn, Limits } from './state.js';

/** Names that the API and the workflow know each other by. */
export const WORKFLOW_TYPE = 'session';
export const UPDATES = { events: 'events', change: 'change', archive: 'archive', delete: 'delete' } as const;
export const SIGNAL_EVENTS = 'events';

/** The workflow's one argument: a new session, or the state that a former run hands on. */
export type WorkflowInput = { start: SessionStart; limits: Limits } | { state: HandedOn };

export interface EventsRequest {
  /** Made by the API, the same on each try of one request. */
  request_id: string;
  events: InputEvent[];
}

export type ChangeRequest = SessionChange;

/** Every update answers with the last entry written: once the log shows it, a reader sees the update's effect. */
export interface UpdateResult {
  seq: number;
  /** Events that took effect on receipt. */
  processed?: Processed;
}

/** Argument of the activity `sampleModel`. */
export interface SampleInput {
  session_id: string;
  /** The conversation is the log up to and including this entry. */
  up_to: number;
  /** No sandbox is needed here, and none is told of. */
  self_hosted?: true;
}

/** Argument of the activity `evaluateOutcome`. */
export interface EvaluateInput extends SampleInput {
  /** The event that defined the outcome. */
  definition: string;
  /** What the session may cost and has cost when the evaluation begins; absent where it may cost anything. */
  spending?: Spending;
}

/** Against a budget; the time that passes from now on is not in it. */
export interface Spending {
  cost: ExactCost;
  active_ms: number;
  max_list_cost: SessionBudget['max_list_cost'];
}

/** Argument of the activity `compactContext`. */
export interface CompactInput extends SampleInput {
  /** What the last request and its reply came to; 0 when that is not known, since it was refused for its length. */
  tokens: number;
  /** Compactions since the model last said something. */
  tries: number;
}

/** Argument of the activity `runTool`. */
export interface ToolInput {
  session_id: string;
  tool_use_id: string;
  name: string;
  input: unknown;
}
