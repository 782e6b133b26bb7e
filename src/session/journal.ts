import type Anthropic from '@anthropic-ai/sdk';

/**
 * What a thread's workflow writes into its history: one batch per emitting workflow task, as the result of the local
 * activity `journal`, which Temporal keeps in a marker. Together the batches are the log. Invariants:
 *
 * 1. `seq` starts at 1 and has no gap in a thread, over all runs of its workflow.
 * 2. An entry that names an activity comes after that activity's completion, in the same run.
 * 3. Times are the workflow's own, in milliseconds, and never decrease.
 * 4. Entries are never changed; a queued input's `processed` entry stamps it.
 * 5. A summary stands for more than the one before it did, and parts no call from its result.
 */
export type JournalEntry = EventEntry | ProcessedEntry | AssistantEntry | SummaryEntry;

export type SessionEvent = Anthropic.Beta.Sessions.BetaManagedAgentsSessionEvent;
export type SessionEventType = SessionEvent['type'];

/** An event of the session's list. The parts that an activity's result holds are taken from there, not repeated. */
export interface EventEntry {
  kind: 'event';
  seq: number;
  at: number;
  /** The event without `processed_at`, and without what `from` supplies. */
  event: EventHead;
  /** Queued input: listed with `processed_at: null` until its `processed` entry. */
  queued?: true;
  from?: BodySource;
}

export interface EventHead {
  id: string;
  type: SessionEventType;
  [field: string]: unknown;
}

/** Where an event's body is: the result of this activity, and for a model's reply which of its content blocks. */
export interface BodySource {
  activity: string;
  blocks?: number[];
}

export interface ProcessedEntry {
  kind: 'processed';
  seq: number;
  at: number;
  id: string;
}

/** Private: a model's reply as it goes back to the model, with its thinking signatures. Never listed. */
export interface AssistantEntry {
  kind: 'assistant';
  seq: number;
  at: number;
  from: BodySource;
  /** The model's own tool_use ids, by the event id that the rest of the log knows the call by. */
  tool_use_ids: Record<string, string>;
}

/** Private: from here on the model is told this summary in place of what came before. Never listed. */
export interface SummaryEntry {
  kind: 'summary';
  seq: number;
  at: number;
  from: BodySource;
  /** The last entry that it stands for; inputs that were queued then and processed later are not among it. */
  through: number;
}
