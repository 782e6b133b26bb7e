import { compactInput, endCompaction } from '../../src/harness/compacting.js';
import { beginEvaluation, endEvaluation, noteEvaluation } from '../../src/harness/evaluating.js';
import { nextStep, type Step } from '../../src/harness/harness.js';
import { archive } from '../../src/harness/inputs.js';
import {
  NO_USAGE,
  type CompactResult,
  type EvaluationResult,
  type SampleReply,
  type SampleResult,
} from '../../src/harness/activity-results.js';
import { initialState, resumedState, type Limits, type Thread, type ThreadState } from '../../src/harness/state.js';
import {
  beginSample,
  resume,
  beginTurn,
  endBackOff,
  endSample,
  endTool,
  endTurn,
  pauseTurn,
} from '../../src/harness/turn.js';
import type { ContentBlock, ModelFailure, ModelUsage } from '../../src/model/model.js';
import type { JournalEntry } from '../../src/session/journal.js';
import { NO_COST } from '../../src/pricing/list-cost.js';
import type { SessionStart } from '../../src/session/session.js';
import { cents, takeInput, type Input } from './said.js';

/** What the world makes of a model request, or of a tool call, when its turn comes. */
export type Outcome =
  | { type: 'reply'; blocks: Block[]; stop: string; crowded?: boolean }
  | { type: 'failed'; disposition: ModelFailure['disposition']; retryAfterMs?: number; tooLong?: boolean }
  | { type: 'partial'; blocks: Block[] };

export type Block = 'text' | 'empty' | 'thinking' | 'bash' | 'read' | 'unknown' | 'ask' | 'custom';

export interface Moment {
  /** How far the clock moves; backwards too. */
  passed: number;
  inputs: Input[];
  /** Whether the run ends here and another goes on from its state as JSON. */
  resume: boolean;
  /** Whether activities that are interrupted now have to be given up. */
  lost: boolean;
  /** Whether a tool call is let go of, to be taken up again. */
  detached: boolean;
}

export interface Plan {
  /** In cents; each model request costs half a cent. */
  budget: string | null;
  moments: Moment[];
  outcomes: Outcome[];
}

export interface Played {
  entries: JournalEntry[];
  state: ThreadState;
  usage: ModelUsage;
  /** Every state that another run could have been handed. */
  largestState: number;
  steps: Step[];
}

const LIMITS: Limits = { rounds_per_turn: 6, attempts: 5, history_events: 1_000, heartbeat_timeout_ms: 4_000 };

export const START: SessionStart = {
  session_id: 'sesn_1',
  thread_id: 'sthr_1',
  agent_name: 'coder',
  title: null,
  metadata: {},
  initial_events: [],
  created_at: 1_000_000,
};

const USAGE: ModelUsage = { ...NO_USAGE, input_tokens: 10, output_tokens: 3, cache_read_input_tokens: 1 };
/** More than four fifths of the window. */
const CROWDED: ModelUsage = { ...USAGE, input_tokens: 70 };
const WINDOW = 100;
const QUIET: Moment = { passed: 1, inputs: [], resume: false, lost: false, detached: false };

/** A thread without Temporal: ids count up, time stands still until told otherwise. */
export function openThread(start: Partial<SessionStart> = {}, limits: Partial<Limits> = {}): TestThread {
  const world = { now: START.created_at, random: 0.5, ids: 0 };
  const ports = { now: () => world.now, random: () => world.random, newEventId: () => `sevt_${++world.ids}` };
  return { state: initialState({ ...START, ...start }, { ...LIMITS, ...limits }), ports, entries: [], world };
}

export interface TestThread extends Thread {
  world: { now: number; random: number; ids: number };
}

/**
 * Plays a plan against the harness as the workflow does: one step after the other, inputs at any moment in between, and
 * what the workflow refuses (`workflows/inputs.ts`) refused. After the plan nothing disturbs it, until it waits or ends.
 */
export function play(plan: Plan, { resumes = true } = {}): Played {
  const thread = openThread(plan.budget === null ? {} : { budget: cents(plan.budget) });
  const moments = [...plan.moments];
  const outcomes = [...plan.outcomes];
  const usage = { ...NO_USAGE };
  const steps: Step[] = [];
  let largestState = 0;
  let requests = 0;
  let lastRequest = '';
  const input = (what: Input): void => {
    if (what.type === 'events' && !what.sameRequest) lastRequest = `request_${++requests}`;
    takeInput(thread, what, lastRequest);
  };
  const moment = (): Moment => {
    const next = moments.shift() ?? QUIET;
    thread.world.now += next.passed;
    next.inputs.forEach(input);
    return next;
  };
  for (;;) {
    const { resume } = moment();
    const json = JSON.stringify(thread.state);
    largestState = Math.max(largestState, json.length);
    // The object is a new one for the next run: whoever kept the old would be found out.
    if (resume && resumes) thread.state = resumedState(JSON.parse(json));
    const step = nextStep(thread.state);
    steps.push(step);
    if (step.type === 'close') break;
    if (step.type === 'wait') {
      if (moments.length === 0) break;
    } else carryOut(thread, step, moment, outcomes, usage);
  }
  return { entries: thread.entries, state: thread.state, usage, largestState, steps };
}

function isInterrupted({ state }: Thread): boolean {
  return state.interrupts.length > 0 || state.closing;
}

type Work = Exclude<Step, { type: 'wait' | 'close' }>;

function carryOut(thread: Thread, step: Work, moment: () => Moment, outcomes: Outcome[], usage: ModelUsage): void {
  switch (step.type) {
    case 'begin_turn':
      return beginTurn(thread);
    case 'pause':
      return pauseTurn(thread, step.pause);
    case 'end_turn':
      return endTurn(thread);
    case 'archive':
      return archive(thread);
    case 'back_off':
      moment();
      if (!isInterrupted(thread)) endBackOff(thread);
      return undefined;
    case 'sample': {
      const span = beginSample(thread);
      const activity = `model_${thread.state.seq}`;
      const { lost } = moment();
      const outcome = outcomes.shift() ?? { type: 'reply', blocks: ['text'], stop: 'end_turn' };
      const result = toResult(thread, outcome, lost);
      for (const key of keysOf(usage)) usage[key] += result.usage[key];
      return endSample(thread, span, activity, result);
    }
    case 'compact': {
      const span = beginSample(thread);
      const { up_to } = compactInput(thread);
      const { lost } = moment();
      const outcome = outcomes.shift() ?? { type: 'reply', blocks: ['text'], stop: 'end_turn' };
      const result = toSummary(toResult(thread, outcome, lost), up_to);
      for (const key of keysOf(usage)) usage[key] += result.usage[key];
      return endCompaction(thread, span, `compact_${up_to}`, result);
    }
    case 'evaluate': {
      const { up_to } = beginEvaluation(thread);
      noteEvaluation(thread);
      const { lost } = moment();
      const outcome = outcomes.shift() ?? { type: 'reply', blocks: ['text'], stop: 'end_turn' };
      const result = toEvaluation(toResult(thread, outcome, lost), up_to);
      for (const key of keysOf(usage)) usage[key] += result.usage[key];
      return endEvaluation(thread, result);
    }
    case 'run_tools':
      resume(thread);
      for (const call of step.calls) {
        const { lost, detached } = moment();
        if (detached && !isInterrupted(thread)) continue;
        const ok = { type: 'result', content: [], is_error: false } as const;
        endTool(thread, call, lost && isInterrupted(thread) ? null : { ...ok, content: [] });
      }
      return undefined;
    default:
      throw new Error(`no such step: ${JSON.stringify(step satisfies never)}`);
  }
}

/** What would be a reply is a verdict: of its entry's number, so that each comes up. */
function toEvaluation(result: SampleResult, seq: number): EvaluationResult {
  const { usage, cost = null } = result;
  if (result.type === 'failed') return result;
  if (result.type === 'interrupted') return { type: 'interrupted', usage, cost };
  const verdict = (['needs_revision', 'satisfied', 'failed'] as const)[seq % 3] ?? 'satisfied';
  return { type: 'verdict', result: verdict, explanation: 'so', usage, cost };
}

function keysOf(usage: ModelUsage): (keyof ModelUsage)[] {
  // An object of ours: it has no other keys.
  return Object.keys(usage) as (keyof ModelUsage)[];
}

function toResult(thread: Thread, outcome: Outcome, lost: boolean): SampleResult {
  const ids = { message: thread.ports.newEventId(), thinking: thread.ports.newEventId() };
  if (isInterrupted(thread) && lost) return { type: 'interrupted', content: [], usage: NO_USAGE, ids, cost: NO_COST };
  switch (outcome.type) {
    case 'reply':
      return {
        ...reply(outcome.blocks.map(toBlock), outcome.stop, ids),
        ...(outcome.crowded === true ? { usage: CROWDED } : {}),
      };
    case 'failed': {
      const { disposition, retryAfterMs, tooLong } = outcome;
      const error = { type: 'model_overloaded_error', message: 'busy', disposition } as const;
      return {
        type: 'failed',
        error: {
          ...error,
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          ...(tooLong === true ? { too_long: true as const } : {}),
        },
        usage: USAGE,
        cost: HALF_A_CENT,
      };
    }
    case 'partial':
      // Only an interrupt leaves a reply without its end; otherwise the same blocks are a whole one.
      if (!isInterrupted(thread)) return reply(outcome.blocks.map(toBlock), 'end_turn', ids);
      return { type: 'interrupted', content: outcome.blocks.map(toBlock), usage: USAGE, ids, cost: HALF_A_CENT };
    default:
      throw new Error(`no such outcome: ${JSON.stringify(outcome satisfies never)}`);
  }
}

/** The same as the result of a compaction that keeps nothing. */
function toSummary(result: SampleResult, through: number): CompactResult {
  if (result.type === 'failed') return result;
  const { usage, cost = NO_COST } = result;
  if (result.type === 'interrupted') return { type: 'interrupted', usage, cost };
  return { type: 'summary', through, content: [], words: [], system: [], usage, cost };
}

const HALF_A_CENT = '50000000';

/** A model's whole reply; it was offered `bash`, `read`, `ask` that asks, and `custom` that a client runs. */
export function reply(
  content: ContentBlock[],
  stop_reason: string,
  ids = { message: 'm', thinking: 't' },
): SampleReply {
  const offered = ['bash', 'read', { name: 'ask', policy: 'always_ask' }, { name: 'custom', type: 'custom' }] as const;
  const rest = { stop_details: null, usage: USAGE, ids, offered: [...offered], window: WINDOW, cost: HALF_A_CENT };
  return { type: 'reply', content, stop_reason, ...rest };
}

export function toBlock(kind: Block, index: number): ContentBlock {
  switch (kind) {
    case 'text':
      return { type: 'text', text: 'words', citations: null };
    case 'empty':
      return { type: 'text', text: '', citations: null };
    case 'thinking':
      return { type: 'thinking', thinking: 'hm', signature: 's' };
    case 'bash':
    case 'read':
    case 'unknown':
    case 'ask':
    case 'custom':
      return { type: 'tool_use', id: `toolu_${index}`, name: kind, input: { index } };
    default:
      throw new Error(`no such block: ${String(kind satisfies never)}`);
  }
}
