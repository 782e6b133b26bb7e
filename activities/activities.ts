import type { CompactResult, EvaluationResult, SampleResult, ToolOutcome } from '../src/harness/activity-results.js';
import type { CompactInput, EvaluateInput, SampleInput, ToolInput } from '../src/harness/protocol.js';
import type { JournalEntry } from '../src/session/journal.js';

/** What workflows may ask of the world. */
export interface Activities {
  /** Local: returns its batch, which Temporal thereby keeps in a marker of the history. */
  journal(batch: JournalEntry[]): Promise<JournalEntry[]>;
  /** One model request. A failing upstream is a result; an abort gives what was received so far. */
  sampleModel(input: SampleInput): Promise<SampleResult>;
  /** A summary for the beginning of the conversation. A failing upstream is a result. */
  compactContext(input: CompactInput): Promise<CompactResult>;
  /** What the agent has produced, against its outcome's rubric. A failing upstream is a result. */
  evaluateOutcome(input: EvaluateInput): Promise<EvaluationResult>;
  /** One tool call, started at most once whatever the attempt. */
  runTool(input: ToolInput): Promise<ToolOutcome>;
  /** Ends a tool call that may still run, and gives what it has printed. */
  stopTool(input: ToolInput): Promise<ToolOutcome>;
}
