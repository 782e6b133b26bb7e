import type { ContentBlock, ModelFailure } from '../model/model.js';
import type { BodySource } from '../session/journal.js';
import { INTERRUPTED_TOOL_RESULT } from './context-results.js';
import { addUsage, sessionUsage } from './usage.js';
import { emitTerminated } from './inputs.js';
import type {
  OfferedTool,
  SampleFailed,
  SampleInterrupted,
  SampleReply,
  SampleResult,
  ToolResult,
} from './outcomes.js';
import { emit, emitAssistant, emitProcessed, type Stop, type Thread, type ToolCall, type Turn } from './state.js';

const CUT_OFF =
  'The reply reached its output limit, so this call was not run. Make it again, in smaller parts if it is large.';

/** Starts a turn with everything that is queued. */
export function beginTurn(thread: Thread): void {
  const { state } = thread;
  for (const id of state.queue.splice(0)) emitProcessed(thread, id);
  state.turn = { rounds: 0, failures: 0, back_off_ms: null, calls: [], stop: null };
  emitRunning(thread);
}

/** Notes that a model request goes out; returns the id that its end refers to. */
export function beginSample(thread: Thread): string {
  const id = thread.ports.newEventId();
  emit(thread, { id, type: 'span.model_request_start' });
  return id;
}

/** Takes in what the model request came to: the reply's events, its calls, or the failure and what follows from it. */
export function endSample(thread: Thread, spanId: string, activity: string, result: SampleResult): void {
  const turn = running(thread);
  thread.state.usage = addUsage(thread.state.usage, result.usage);
  if (result.type !== 'failed') emitReply(thread, activity, result);
  const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } = result.usage;
  emit(thread, {
    type: 'span.model_request_end',
    model_request_start_id: spanId,
    is_error: result.type === 'failed',
    model_usage: { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens },
  });
  if (result.type === 'failed') fail(thread, turn, result);
  if (result.type === 'reply') {
    refuseUnknown(thread, turn, result.offered.map(nameOf));
    proceed(thread, turn, result);
  }
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

/** Ends the turn, for its own reason or because of an interrupt, and says what was used. */
export function endTurn(thread: Thread): void {
  const { state } = thread;
  const turn = running(thread);
  for (const call of turn.calls) emitSettled(thread, call.id, INTERRUPTED_TOOL_RESULT);
  for (const id of state.interrupts.splice(0)) emitProcessed(thread, id);
  const stop = turn.stop ?? { type: 'end_turn' };
  const interrupted = turn.stop === null;
  state.turn = null;
  // What was sent meanwhile is the next turn's; the session runs on without being idle in between.
  if (stop.type === 'end_turn' && !interrupted && state.queue.length > 0) return;
  // Queued inputs of a dead turn start no other: they are what the next message finds in the conversation.
  if (stop.type === 'retries_exhausted') for (const id of state.queue.splice(0)) emitProcessed(thread, id);
  stopClock(thread);
  if (stop.type === 'terminal') {
    state.status = 'terminated';
    emit(thread, { type: 'session.usage', usage: sessionUsage(state), budget: null });
    emitTerminated(thread);
    return;
  }
  emitIdle(thread, stop);
}

function emitReply(thread: Thread, activity: string, result: SampleReply | SampleInterrupted): void {
  const calls = result.type === 'reply' ? callsOf(thread, result) : [];
  const toolUseIds = Object.fromEntries(calls.map((call) => [call.id, call.modelId]));
  if (result.content.length > 0) emitAssistant(thread, { activity }, toolUseIds);
  if (result.content.some((block) => block.type === 'thinking' || block.type === 'redacted_thinking')) {
    emit(thread, { id: result.ids.thinking, type: 'agent.thinking' });
  }
  const texts = indicesOf(result.content, (block) => block.type === 'text' && block.text !== '');
  const from: BodySource = { activity, blocks: texts };
  if (texts.length > 0) emit(thread, { id: result.ids.message, type: 'agent.message' }, { from });
  const offered = result.type === 'reply' ? result.offered.map(nameOf) : [];
  for (const { id, name, block } of calls) {
    const permission = offered.includes(name) ? ALLOWED : { evaluated_permission: 'deny' };
    emit(thread, { id, type: 'agent.tool_use', name, ...permission }, { from: { activity, blocks: [block] } });
  }
  if (result.type === 'reply') running(thread).calls = calls.map(({ id, name, input }) => ({ id, name, input }));
}

const ALLOWED = { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } };

/** A call of a tool that the agent does not have is answered, not run. No policy was asked, so it has no evaluation. */
function refuseUnknown(thread: Thread, turn: Turn, offered: string[]): void {
  for (const call of turn.calls) {
    if (!offered.includes(call.name)) emitSettled(thread, call.id, `There is no tool named ${call.name}.`);
  }
  turn.calls = turn.calls.filter((call) => offered.includes(call.name));
}

function nameOf(tool: OfferedTool): string {
  return typeof tool === 'string' ? tool : tool.name;
}

interface NumberedCall extends ToolCall {
  modelId: string;
  block: number;
}

function callsOf(thread: Thread, result: SampleReply): NumberedCall[] {
  return result.content.flatMap((block, index) =>
    block.type === 'tool_use'
      ? [{ id: thread.ports.newEventId(), name: block.name, input: block.input, modelId: block.id, block: index }]
      : [],
  );
}

function indicesOf(content: ContentBlock[], matches: (block: ContentBlock) => boolean): number[] {
  return content.flatMap((block, index) => (matches(block) ? [index] : []));
}

/** What a reply's stop reason means for the turn. */
function proceed(thread: Thread, turn: Turn, reply: SampleReply): void {
  turn.rounds += 1;
  turn.failures = 0;
  if (reply.stop_reason === 'refusal') turn.stop = { type: 'refusal', details: reply.stop_details };
  if (reply.stop_reason === 'max_tokens') {
    // The last call may be torn, and the model cannot tell which: none is run, and it is told so.
    for (const call of turn.calls) emitSettled(thread, call.id, CUT_OFF);
    turn.calls = [];
  }
  // A call goes on even when it was not run: the model is to see its result.
  const called = reply.content.some((block) => block.type === 'tool_use');
  if (!called && reply.stop_reason !== 'pause_turn') turn.stop ??= { type: 'end_turn' };
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
    stopClock(thread);
    thread.state.status = 'rescheduling';
    emit(thread, { type: 'session.thread_status_rescheduled', ...threadFields(thread) });
    emit(thread, { type: 'session.status_rescheduled' });
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

function emitSettled(thread: Thread, toolUseId: string, text: string): void {
  const content = [{ type: 'text', text }];
  emit(thread, { type: 'agent.tool_result', tool_use_id: toolUseId, content, is_error: true });
}

function emitRunning(thread: Thread): void {
  const { state, ports } = thread;
  if (state.status === 'running') return;
  state.status = 'running';
  emit(thread, { type: 'session.status_running' });
  emit(thread, { type: 'session.thread_status_running', ...threadFields(thread) });
  state.running_since = Math.max(state.clock, ports.now());
}

function emitIdle(thread: Thread, stop: Exclude<Stop, { type: 'terminal' }>): void {
  const { state } = thread;
  state.status = 'idle';
  const reason = { stop_reason: { type: stop.type }, stop_details: stopDetails(stop) };
  emit(thread, { type: 'session.thread_status_idle', ...threadFields(thread), ...reason });
  emit(thread, { type: 'session.usage', usage: sessionUsage(state), budget: null });
  emit(thread, { type: 'session.status_idle', ...reason });
}

function stopDetails(stop: Stop): { type: 'refusal'; category: string | null; explanation: string | null } | null {
  if (stop.type !== 'refusal' || stop.details === null) return null;
  return { type: 'refusal', ...stop.details };
}

function stopClock(thread: Thread): void {
  const { state, ports } = thread;
  if (state.running_since === null) return;
  state.active_ms += Math.max(state.clock, ports.now()) - state.running_since;
  state.running_since = null;
}

function threadFields(thread: Thread): { session_thread_id: string; agent_name: string } {
  return { session_thread_id: thread.state.thread_id, agent_name: thread.state.agent_name };
}

function running(thread: Thread): Turn {
  if (thread.state.turn === null) throw new Error('No turn is under way.');
  return thread.state.turn;
}
