import type Anthropic from '@anthropic-ai/sdk';
import type { SessionEvent, SessionEventType } from './journal.js';

export type { SessionEvent, SessionEventType };
export type EventPreview =
  | Anthropic.Beta.Sessions.BetaManagedAgentsStartEvent
  | Anthropic.Beta.Sessions.BetaManagedAgentsDeltaEvent;
export type SessionAgent = Anthropic.Beta.Sessions.BetaManagedAgentsSessionAgent;
export type SessionUsage = Anthropic.Beta.Sessions.BetaManagedAgentsSessionUsage;
/** A hard limit on what the session may cost at list price. */
export type SessionBudget = Anthropic.Beta.Sessions.BetaManagedAgentsBudgetLimit;
export type SessionStatus = Anthropic.Beta.Sessions.BetaManagedAgentsSession['status'];

type EventParams = Anthropic.Beta.Sessions.BetaManagedAgentsEventParams;

/** An event as a client sends it, checked at the door, with the id that the API gave it. */
export type InputEvent = (Exclude<EventParams, { type: 'user.define_outcome' }> & { id: string }) | OutcomeDefinition;

/** An outcome to work toward, with the id that the API gave it. Its rubric is text, also where it came as a file. */
export type OutcomeDefinition = Omit<
  Anthropic.Beta.Sessions.BetaManagedAgentsUserDefineOutcomeEvent,
  'processed_at' | 'rubric'
> & { rubric: Anthropic.Beta.Sessions.BetaManagedAgentsTextRubric };

/** What a session's workflow is started with. The agent itself is not in it: that is a row beside the session. */
export interface SessionStart {
  session_id: string;
  /** The primary thread's public id. */
  thread_id: string;
  agent_name: string;
  title: string | null;
  metadata: Record<string, string>;
  initial_events: InputEvent[];
  created_at: number;
  budget?: SessionBudget;
  /** Its environment is self-hosted: a worker elsewhere runs the toolset's calls. */
  self_hosted?: true;
}

export interface SessionChange {
  title?: string | null;
  /** Merged by key; `null` deletes one. */
  metadata?: Record<string, string | null> | null;
  /** The whole new effective snapshot. */
  agent?: SessionAgent;
  /** `null` removes it. One is only replaced by another: a session without a budget never gets one. */
  budget?: SessionBudget | null;
}

/**
 * Commands to a session, carried out by its workflow. Each resolves when Temporal has committed it and rejects with an
 * ApiError: `invalid_request_error` for a state that forbids it, `unavailable_error` when no worker answers in 10 s.
 */
export interface Sessions {
  /** Idempotent: a session that has been started goes on as it was. */
  start(start: SessionStart): Promise<void>;
  /** All or nothing; the echoes come back in order. */
  send(sessionId: string, events: InputEvent[]): Promise<SessionEvent[]>;
  update(sessionId: string, change: SessionChange): Promise<void>;
  archive(sessionId: string): Promise<void>;
  /**
   * Emits `session.deleted`, then removes history, log, sandbox and workspace. Idempotent. With `running` also one that
   * is at work, which is then ended without a word.
   */
  delete(sessionId: string, options?: { running?: boolean }): Promise<void>;
}

/** What changes about a session while it lives; a fold of its log. */
export interface SessionState {
  status: SessionStatus;
  title: string | null;
  metadata: Record<string, string>;
  /** Null until an update changed it: then the effective snapshot. */
  agent: SessionAgent | null;
  usage: SessionUsage;
  budget: SessionBudget | null;
  /** One for each outcome that was defined. Absent before the first. */
  outcomes?: OutcomeState[];
  active_ms: number;
  /** When the present stretch of running began, in ms since the epoch. */
  running_since: number | null;
  /** The primary thread: false until its first status event, and until its first idle. */
  thread_started: boolean;
  thread_idled: boolean;
  updated_at: number;
  archived_at: number | null;
}

/** How far an outcome has come. */
export interface OutcomeState {
  outcome_id: string;
  description: string;
  /** `pending`, `running`, `evaluating`; or at its end what the last evaluation came to. */
  result: string;
  iteration: number;
  /** Of the last evaluation that came to an end. */
  explanation: string | null;
  completed_at: number | null;
}

export interface EventQuery {
  order: 'asc' | 'desc';
  limit: number;
  types?: SessionEventType[];
  /** Opaque; from the page before. */
  page?: EventCursor;
  /** Compared with `processed_at`, in ms; queued events are left out once one is given. */
  processed?: { gt?: number; gte?: number; lt?: number; lte?: number };
}

/** Keyset position: list position and, for queued events that have none yet, their seq. */
export interface EventCursor {
  position: number | null;
  seq: number;
}

export interface EventPage {
  events: SessionEvent[];
  next: EventCursor | null;
}

/** The reading side of the log. Reads wait for what the same server has acknowledged before, so a client reads its own writes. */
export interface SessionLog {
  getState(sessionId: string): Promise<SessionState | undefined>;
  /** Ascending order is by list position (processed ones first), queued events last by arrival; descending is its mirror. */
  getEvents(sessionId: string, query: EventQuery): Promise<EventPage>;
  /** One listed event; undefined when the log has none of this id. `unavailable_error` while that cannot be told yet. */
  getEvent(sessionId: string, eventId: string): Promise<SessionEvent | undefined>;
  /** From this call on every event goes to the subscriber, after it can be listed. Returns how to end it. */
  subscribe(sessionId: string, subscriber: Subscriber): () => void;
}

export interface Subscriber {
  onEvent(event: SessionEvent): void;
  onPreview(preview: EventPreview): void;
}
