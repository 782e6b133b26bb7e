import type { ModelFailure } from '../model/model.js';
import { INTERRUPTED_TOOL_RESULT } from './context-results.js';
import type { SampleFailed, SampleReply, SampleResult, ToolResult } from './outcomes.js';
import { admit, emitReply, type Call } from './reply.js';
import { budgetReached, spend } from './spending.js';
import { emit, emitProcessed, type Pause, type Thread, type ToolCall, type Turn } from './state.js';
import { emitIdle, emitRescheduled, emitRunning, emitTerminated, emitUsage } from './status.js';
import { addUsage } from './usage.js';
import { emitSettled } from './waiting.js';

/** Starts a turn with everything that is queued. */
export function beginTurn(thread: Thread): void {
  const { state } = thread;
  takeUpQueue(thread);
  state.turn = { rounds: 0, failures: 0, back_off_ms: null, calls: [], pause: null, stop: null };
  emitRunning(thread);
}

/** Notes that a model request goes out; returns the id that its end refers to. */
export function beginSample(thread: Thread): string {
  resume(thread);
  const id = thread.ports.newEventId();
  emit(thread, { id, type: 'span.model_request_start' });
  return id;
}

/** Takes in what the model request came to: the reply's events, its calls, or the failure and what follows from it. */
export function endSample(thread: Thread, spanId: string, activity: string, result: SampleResult): void {
  const turn = running(thread);
  thread.state.usage = addUsage(thread.state.usage, result.usage);
  spend(thread.state, result);
  const calls = result.type === 'failed' ? [] : emitReply(thread, activity, result);
  const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } = result.usage;
  emit(thread, {
    type: 'span.model_request_end',
    model_request_start_id: spanId,
    is_error: result.type === 'failed',
    model_usage: { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens },
  });
  if (result.type === 'failed') fail(thread, turn, result);
  if (result.type === 'reply') proceed(thread, turn, result, calls);
}

/** The turn goes on with calls that are to be run. */
export function beginTools(thread: Thread): void {
  resume(thread);
}

/** Takes in a tool's result, as this activity has given it. */
export function endTool(thread: Thread, call: ToolCall, result: ToolResult | null, activity = call.id): void {
  const turn = running(thread);
  turn.calls = turn.calls.filter(({ id }) => id !== call.id);
  if (result === null) emitSettled(thread, call.id, INTERRUPTED_TOOL_RESULT);
  else emit(thread, { type: 'agent.tool_result', tool_use_id: call.id }, { from: { activity } });
}

/** The wait before a retry is over; the request is made again. */
export function endBackOff(thread: Thread): void {
  running(thread).back_off_ms = null;
  emitRunning(thread);
}

/** The turn cannot go on by itself: the session stands still until somebody acts, however long. */
export function pauseTurn(thread: Thread, pause: Pause): void {
  running(thread).pause = pause;
  emitIdle(thread, pause);
}

/** Ends the turn, for its own reason or because of an interrupt, and says what was used. */
export function endTurn(thread: Thread): void {
  const { state } = thread;
  const turn = running(thread);
  // A custom tool's call is answered by its owner or not at all; the model is told that it was interrupted.
  for (const call of turn.calls) if (call.waits_for !== 'result') emitSettled(thread, call.id, INTERRUPTED_TOOL_RESULT);
  for (const id of state.interrupts.splice(0)) emitProcessed(thread, id);
  const stop = turn.stop ?? { type: 'end_turn' };
  const interrupted = turn.stop === null;
  state.turn = null;
  // What was sent meanwhile is the next turn's; the session runs on without being idle in between.
  if (stop.type === 'end_turn' && !interrupted && isWanted(thread)) return;
  // Queued inputs of a dead turn start no other: they are what the next message finds in the conversation.
  if (stop.type === 'retries_exhausted') takeUpQueue(thread);
  if (stop.type !== 'terminal') return emitIdle(thread, stop);
  emitUsage(thread);
  emitTerminated(thread);
}

function isWanted({ state }: Thread): boolean {
  return state.queue.some((id) => !state.quiet.includes(id)) && !budgetReached(state);
}

function takeUpQueue(thread: Thread): void {
  for (const id of thread.state.queue.splice(0)) emitProcessed(thread, id);
  thread.state.quiet = [];
}

function resume(thread: Thread): void {
  running(thread).pause = null;
  emitRunning(thread);
}

/** What a reply's stop reason means for the turn. */
function proceed(thread: Thread, turn: Turn, reply: SampleReply, calls: Call[]): void {
  turn.calls = admit(thread, calls);
  turn.rounds += 1;
  turn.failures = 0;
  if (reply.stop_reason === 'refusal') turn.stop = { type: 'refusal', details: reply.stop_details };
  // A call goes on even when it was not run: the model is to see its result.
  if (calls.length === 0 && reply.stop_reason !== 'pause_turn') turn.stop ??= { type: 'end_turn' };
  if (turn.stop === null && turn.rounds >= thread.state.limits.rounds_per_turn) reachRoundLimit(thread, turn);
}

function reachRoundLimit(thread: Thread, turn: Turn): void {
  const message = `The turn ended after ${turn.rounds} model requests, the limit. Send another message to go on.`;
  emitError(thread, 'tool_use_limit_reached_error', message, 'exhausted');
  turn.stop = { type: 'retries_exhausted' };
}

function fail(thread: Thread, turn: Turn, { error }: SampleFailed): void {
  turn.failures += 1;
  if (error.disposition === 'retry' && turn.failures < thread.state.limits.attempts) {
    emitError(thread, error.type, error.message, 'retrying');
    turn.back_off_ms = backOff(turn.failures, error, thread.ports.random());
    emitRescheduled(thread);
    return;
  }
  const terminal = error.disposition === 'terminal';
  emitError(thread, error.type, error.message, terminal ? 'terminal' : 'exhausted');
  turn.stop = terminal ? { type: 'terminal' } : { type: 'retries_exhausted' };
}

const FIRST_BACK_OFF_MS = 2_000;
const LONGEST_BACK_OFF_MS = 60_000;

/** Full jitter between nothing and 2 s, 4 s, 8 s … 60 s; never less than the upstream asked for. */
function backOff(failures: number, error: ModelFailure, random: number): number {
  const ceiling = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1));
  return Math.max(error.retryAfterMs ?? 0, Math.round(ceiling * random));
}

function emitError(thread: Thread, type: string, message: string, retryStatus: string): void {
  emit(thread, { type: 'session.error', error: { type, message, retry_status: { type: retryStatus } } });
}

function running(thread: Thread): Turn {
  if (thread.state.turn === null) throw new Error('No turn is under way.');
  return thread.state.turn;
}
