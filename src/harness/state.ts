import type { BodySource, JournalEntry, SessionEventType } from '../session/journal.js';
import type { SessionStart, SessionStatus } from '../session/session.js';
import type { ModelUsage } from '../model/model.js';
import { NO_USAGE } from './outcomes.js';

/**
 * All that a thread's workflow knows; carried whole through continue-as-new, so it holds references and counters,
 * never a transcript. Plain JSON.
 */
export interface ThreadState {
  session_id: string;
  thread_id: string;
  agent_name: string;
  title: string | null;
  metadata: Record<string, string>;
  status: SessionStatus;
  /** Last entry written. */
  seq: number;
  /** Time of the last entry, in ms: entries never go back in time, even when a clock does. */
  clock: number;
  /** Ids of `user.message` events that no turn has taken up yet. */
  queue: string[];
  /** Ids of `user.interrupt` events that have not taken effect yet. */
  interrupts: string[];
  turn: Turn | null;
  /** The workflow was cancelled from outside: the turn is interrupted, then the session archived. */
  closing: boolean;
  usage: ModelUsage;
  active_ms: number;
  running_since: number | null;
  /** Ids of the latest requests, so that one delivered to two runs counts once. */
  recent: string[];
  limits: Limits;
}

export interface Turn {
  /** Model requests that ended in a reply. */
  rounds: number;
  /** Failed attempts at the present request. */
  failures: number;
  /** Set while a retry is pending: how long to wait. */
  back_off_ms: number | null;
  /** Calls of the last reply that have no result yet, in order. */
  calls: ToolCall[];
  /** Set once the turn is over. */
  stop: Stop | null;
}

export interface ToolCall {
  /** The id of its `agent.tool_use` event: the key it runs under, once. */
  id: string;
  name: string;
  input: unknown;
}

export type Stop =
  | { type: 'end_turn' }
  | { type: 'retries_exhausted' }
  | { type: 'refusal'; details: { category: string | null; explanation: string | null } | null }
  | { type: 'terminal' };

export interface Limits {
  /** Model requests in one turn before it is ended. */
  rounds_per_turn: number;
  /** Failed attempts at one model request before the turn is ended. */
  attempts: number;
  /** Events in the history of one run before the workflow continues as new. */
  history_events: number;
  /** An activity that is silent for this long is taken for dead and tried again. */
  heartbeat_timeout_ms: number;
}

/** What a transition needs from its surroundings; in a workflow all three are deterministic. */
export interface Ports {
  now: () => number;
  random: () => number;
  newEventId: () => string;
}

/** A thread and the entries it has written since they were last taken. */
export interface Thread {
  state: ThreadState;
  ports: Ports;
  entries: JournalEntry[];
}

export function initialState(start: SessionStart, limits: Limits): ThreadState {
  return {
    session_id: start.session_id,
    thread_id: start.thread_id,
    agent_name: start.agent_name,
    title: start.title,
    metadata: start.metadata,
    status: 'idle',
    seq: 0,
    clock: start.created_at,
    queue: [],
    interrupts: [],
    turn: null,
    closing: false,
    usage: NO_USAGE,
    active_ms: 0,
    running_since: null,
    recent: [],
    limits,
  };
}

/** Appends an event; the id is made here unless the event brings one. */
export function emit(thread: Thread, event: NewEvent, more: { queued?: true; from?: BodySource } = {}): void {
  const id = event.id ?? thread.ports.newEventId();
  thread.entries.push({ kind: 'event', ...stamp(thread), event: { id, ...event }, ...more });
}

export interface NewEvent {
  id?: string;
  type: SessionEventType;
  [field: string]: unknown;
}

export function emitProcessed(thread: Thread, id: string): void {
  thread.entries.push({ kind: 'processed', ...stamp(thread), id });
}

export function emitAssistant(thread: Thread, from: BodySource, toolUseIds: Record<string, string>): void {
  thread.entries.push({ kind: 'assistant', ...stamp(thread), from, tool_use_ids: toolUseIds });
}

function stamp(thread: Thread): { seq: number; at: number } {
  const { state, ports } = thread;
  state.clock = Math.max(state.clock, ports.now());
  state.seq += 1;
  return { seq: state.seq, at: state.clock };
}
