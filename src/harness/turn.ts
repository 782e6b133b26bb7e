import { INTERRUPTED_TOOL_RESULT } from './context/results.js';
import { noteReply } from './crowding.js';
import { emitError, fail } from './failing.js';
import type { RequestCost, SampleReply, SampleResult, ToolResult } from './activity-results.js';
import { abandonOutcome, takeUpOutcome } from './outcome.js';
import { isTurnDue, takeUpQueue } from './queue.js';
import { admit, emitReply, type Call } from './reply.js';
import { spend } from './spending.js';
import { emit, emitProcessed, type Pause, type Thread, type ToolCall, type Turn } from './state.js';
import { emitIdle, emitRunning, emitTerminated, emitUsage } from './status.js';
import { addUsage, spanUsage } from './usage.js';
import { emitAbandoned, emitSettled } from './waiting.js';

/** Starts a turn with everything that is queued. */
export function beginTurn(thread: Thread): void {
  const { state } = thread;
  takeUpQueue(thread);
  state.context.compactions = 0;
  state.turn = { rounds: 0, failures: 0, back_off_ms: null, calls: [], pause: null, stop: null };
  takeUpOutcome(state);
  emitRunning(thread);
}

/** Notes that a model request goes out; returns the id that its end refers to. */
export function beginSample(thread: Thread): string {
  resume(thread);
  takeUpOutcome(thread.state);
  const id = thread.ports.newEventId();
  emit(thread, { id, type: 'span.model_request_start' });
  return id;
}

/** Takes in what the model request came to: the reply's events, its calls, or the failure and what follows from it. */
export function endSample(thread: Thread, spanId: string, activity: string, result: SampleResult): void {
  const turn = running(thread);
  const calls = result.type === 'failed' ? [] : emitReply(thread, activity, result);
  endRequest(thread, spanId, result, result.type === 'failed');
  if (result.type !== 'failed') noteReply(thread.state, result);
  if (result.type === 'failed') fail(thread, turn, result.error);
  if (result.type === 'reply') proceed(thread, turn, result, calls);
}

/** Notes that a model request is over, and what it took. */
export function endRequest(thread: Thread, spanId: string, { usage, cost }: RequestCost, isError: boolean): void {
  const { state } = thread;
  state.usage = addUsage(state.usage, usage);
  spend(state, { usage, ...(cost === undefined ? {} : { cost }) });
  emit(thread, {
    type: 'span.model_request_end',
    model_request_start_id: spanId,
    is_error: isError,
    model_usage: spanUsage(usage),
  });
}

/** The turn goes on: with calls that are to be run, or with its evaluation. */
export function resume(thread: Thread): void {
  running(thread).pause = null;
  emitRunning(thread);
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
  for (const call of turn.calls) emitAbandoned(thread, call, INTERRUPTED_TOOL_RESULT);
  const stop = turn.stop ?? { type: 'end_turn' };
  const isGivenUp = state.interrupts.length > 0 && state.outcome?.is_underway === true;
  for (const id of state.interrupts.splice(0)) emitProcessed(thread, id);
  if (isGivenUp || state.closing || stop.type === 'terminal') abandonOutcome(thread);
  const interrupted = turn.stop === null || isGivenUp;
  state.turn = null;
  // What was sent meanwhile is the next turn's; the session runs on without being idle in between.
  if (stop.type === 'end_turn' && !interrupted && isTurnDue(state)) return;
  // Queued inputs of a dead turn start no other: they are what the next message finds in the conversation.
  if (stop.type === 'retries_exhausted') takeUpQueue(thread);
  if (stop.type !== 'terminal') return emitIdle(thread, stop);
  emitUsage(thread);
  emitTerminated(thread);
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

function running(thread: Thread): Turn {
  if (thread.state.turn === null) throw new Error('No turn is under way.');
  return thread.state.turn;
}
