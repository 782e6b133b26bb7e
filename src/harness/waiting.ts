import { emit, emitProcessed, type Thread, type ToolCall } from './state.js';
import type { InputEvent } from '../session/session.js';

/** Calls that nothing but an answer from outside can bring on. */
export function waitingCalls({ turn }: Thread['state']): ToolCall[] {
  return turn?.calls.filter((call) => call.waits_for !== undefined) ?? [];
}

type Confirmation = Extract<InputEvent, { type: 'user.tool_confirmation' }>;
type Result = Extract<InputEvent, { type: 'user.custom_tool_result' | 'user.tool_result' }>;

/** Whether an event answers a call with its result. */
export function isResult(event: InputEvent | undefined): event is Result {
  return event?.type === 'user.custom_tool_result' || event?.type === 'user.tool_result';
}

/** The call that an event answers, in one way or the other. */
export function answeredBy(event: InputEvent): string | undefined {
  if (event.type === 'user.custom_tool_result') return event.custom_tool_use_id;
  return event.type === 'user.tool_confirmation' || event.type === 'user.tool_result' ? event.tool_use_id : undefined;
}

/** Takes leave to run a call, or its refusal. For a call that does not wait for it, it is recorded and has no effect. */
export function confirm(thread: Thread, event: Confirmation): void {
  emit(thread, { ...event }, { queued: true });
  emitProcessed(thread, event.id);
  const call = waitingFor(thread, 'confirmation', event.tool_use_id);
  if (call === undefined) return;
  delete call.waits_for;
  if (event.result === 'allow') {
    if (thread.state.self_hosted) call.waits_for = 'worker';
    return;
  }
  settle(thread, call);
  const message = event.deny_message ? `${REJECTED}\n${event.deny_message}` : REJECTED;
  emitSettled(thread, call.id, message);
}

const REJECTED = 'The user rejected this tool call.';

/** Takes a result from outside; a second one for the same call is recorded and has no effect. */
export function takeResult(thread: Thread, event: Result): void {
  emit(thread, { ...event });
  const isCustom = event.type === 'user.custom_tool_result';
  const id = isCustom ? event.custom_tool_use_id : event.tool_use_id;
  const call = waitingFor(thread, isCustom ? 'result' : 'worker', id);
  if (call) settle(thread, call);
}

/**
 * Answers a call that its turn has left behind. A worker knows by nothing but `user.tool_result` that a call is answered,
 * and would run the call when it comes back to the session. A custom tool's call is answered by its owner or not at all;
 * the model is told that it was interrupted.
 */
export function emitAbandoned(thread: Thread, call: ToolCall, text: string): void {
  if (call.waits_for === 'result') return;
  if (!thread.state.self_hosted) return emitSettled(thread, call.id, text);
  emit(thread, { type: 'user.tool_result', tool_use_id: call.id, content: [{ type: 'text', text }], is_error: true });
}

/** Answers a call that was not run, or not to its end. */
export function emitSettled(thread: Thread, toolUseId: string, text: string): void {
  const content = [{ type: 'text', text }];
  emit(thread, { type: 'agent.tool_result', tool_use_id: toolUseId, content, is_error: true });
}

function waitingFor({ state }: Thread, what: ToolCall['waits_for'], id: string): ToolCall | undefined {
  return waitingCalls(state).find((call) => call.waits_for === what && call.id === id);
}

function settle({ state }: Thread, call: ToolCall): void {
  if (state.turn) state.turn.calls = state.turn.calls.filter(({ id }) => id !== call.id);
}
