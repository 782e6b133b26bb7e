import type { BodySource, JournalEntry, SessionEventType } from '../session/journal.js';
import type { SessionBudget, SessionStart, SessionStatus } from '../session/session.js';
import type { ModelUsage } from '../model/model.js';
import { NO_COST, type ExactCost } from '../pricing/list-cost.js';
import { UNKNOWN_SIZE, type ContextSize } from './crowding.js';
import { NO_USAGE } from './activity-results.js';

/**
 * All that a thread's workflow knows; carried whole through continue-as-new, so it holds references and counters,
 * never a transcript. Plain JSON.
 */
export interface ThreadState {
  session_id: string;
  thread_id: string;
  agent_name: string;
  /** The toolset's calls are a worker's to run, in place of the sandbox here. */
  self_hosted?: true;
  title: string | null;
  metadata: Record<string, string>;
  status: SessionStatus;
  /** Last entry written. */
  seq: number;
  /** Time of the last entry, in ms: entries never go back in time, even when a clock does. */
  clock: number;
  /** Ids of `user.message` and `system.message` events that no turn has taken up yet. */
  queue: string[];
  /** Those of them that start no turn: they go with the next one. */
  quiet: string[];
  /** Ids of `user.interrupt` events that have not taken effect yet. */
  interrupts: string[];
  turn: Turn | null;
  /** The workflow was cancelled from outside: the turn is interrupted, then the session archived. */
  closing: boolean;
  usage: ModelUsage;
  /** What the model requests have cost at list price. */
  cost: ExactCost;
  /** A model without a list price was used: what the session costs is not known any more. */
  unpriced: boolean;
  budget: SessionBudget | null;
  outcome: Outcome | null;
  context: ContextSize;
  active_ms: number;
  running_since: number | null;
  /** Ids of the latest requests, so that one delivered to two runs counts once. */
  recent: string[];
  limits: Limits;
}

/** What the session works toward, until its last evaluation has ended. */
export interface Outcome {
  id: string;
  /** The event that defined it: what it is, and how it is evaluated. */
  event_id: string;
  /** Evaluations that may come to `needs_revision` before it is given up. */
  max_iterations: number;
  /** Revisions that were asked for so far. */
  iteration: number;
  /** The agent is at it: the end of a turn is due to be evaluated, and an interrupt ends the outcome, too. */
  is_underway: boolean;
  /** The evaluation under way: the event that began it, and what attempts at it that failed have used. */
  evaluation: { start_id: string; usage: ModelUsage } | null;
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
  /** What the session said that it waits for, when the turn cannot go on without somebody. */
  pause: Pause | null;
  /** Set once the turn is over. */
  stop: Stop | null;
}

export interface ToolCall {
  /** The id of its `agent.tool_use` event: the key it runs under, once. */
  id: string;
  name: string;
  input: unknown;
  /** What has to come first: leave to run it, a custom tool's result from who owns it, or any other's from the worker. */
  waits_for?: 'confirmation' | 'result' | 'worker';
}

export type Pause =
  /** These calls wait for an answer. */
  { type: 'requires_action'; event_ids: string[] } | { type: 'budget_reached' };

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
    ...(start.self_hosted ? { self_hosted: true } : {}),
    title: start.title,
    metadata: start.metadata,
    status: 'idle',
    seq: 0,
    clock: start.created_at,
    queue: [],
    quiet: [],
    interrupts: [],
    turn: null,
    closing: false,
    usage: NO_USAGE,
    cost: NO_COST,
    unpriced: false,
    budget: start.budget ?? null,
    outcome: null,
    context: { ...UNKNOWN_SIZE },
    active_ms: 0,
    running_since: null,
    recent: [],
    limits,
  };
}

/** The state that a former run hands on, with what runs of older versions did not know of. */
export function resumedState(state: HandedOn): ThreadState {
  const turn = state.turn && { ...NO_PAUSE, ...state.turn };
  return { ...NOTHING_NEW, context: { ...UNKNOWN_SIZE }, ...state, turn };
}

const NO_PAUSE = { pause: null };
const NOTHING_NEW = { quiet: [], cost: NO_COST, unpriced: false, budget: null, outcome: null };

type Optional<T, Keys extends keyof T> = Omit<T, Keys> & Partial<Pick<T, Keys>>;

/** A state as any version has written it. */
export type HandedOn = Omit<Optional<ThreadState, keyof typeof NOTHING_NEW | 'context'>, 'turn'> & {
  turn: Optional<Turn, keyof typeof NO_PAUSE> | null;
};

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

export function emitSummary(thread: Thread, from: BodySource, through: number): void {
  thread.entries.push({ kind: 'summary', ...stamp(thread), from, through });
}

function stamp(thread: Thread): { seq: number; at: number } {
  const { state, ports } = thread;
  state.clock = Math.max(state.clock, ports.now());
  state.seq += 1;
  return { seq: state.seq, at: state.clock };
}
