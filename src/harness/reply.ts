import type { ContentBlock } from '../model/model.js';
import type { BodySource } from '../session/journal.js';
import type { OfferedTool, SampleInterrupted, SampleReply } from './activity-results.js';
import { emit, emitAssistant, type NewEvent, type Thread, type ThreadState, type ToolCall } from './state.js';
import { emitSettled } from './waiting.js';

/** Writes what a model has said into the log; gives its calls. */
export function emitReply(thread: Thread, activity: string, result: SampleReply | SampleInterrupted): Call[] {
  const calls = result.type === 'reply' ? callsOf(thread, result) : [];
  const toolUseIds = Object.fromEntries(calls.map((call) => [call.id, call.modelId]));
  if (result.content.length > 0) emitAssistant(thread, { activity }, toolUseIds);
  if (result.content.some((block) => block.type === 'thinking' || block.type === 'redacted_thinking')) {
    emit(thread, { id: result.ids.thinking, type: 'agent.thinking' });
  }
  const texts = indicesOf(result.content, (block) => block.type === 'text' && block.text !== '');
  const from: BodySource = { activity, blocks: texts };
  if (texts.length > 0) emit(thread, { id: result.ids.message, type: 'agent.message' }, { from });
  const isLast = result.type === 'reply' && endsTurn(thread.state, result);
  for (const call of calls) emitCall(thread, activity, call, isLast);
  return calls;
}

/** Answers the calls that are not run; gives the others. */
export function admit(thread: Thread, calls: Call[]): ToolCall[] {
  for (const { id, name, tool, isTorn } of calls) {
    if (tool === undefined) emitSettled(thread, id, `There is no tool named ${name}.`);
    else if (isTorn && !isCustom(tool)) emitSettled(thread, id, CUT_OFF);
  }
  return calls.flatMap((call) => toCarryOut(thread, call));
}

const CUT_OFF =
  'The reply reached its output limit, so this call was not run. Make it again, in smaller parts if it is large.';

/** A call of a reply, under the id that the log knows it by. */
export interface Call {
  id: string;
  name: string;
  input: unknown;
  modelId: string;
  block: number;
  /** The reply was cut off: its last call may be incomplete, and nobody can tell whether it is. */
  isTorn: boolean;
  /** Undefined when the agent has no such tool. */
  tool: OfferedTool | undefined;
}

function callsOf(thread: Thread, { content, offered, stop_reason }: SampleReply): Call[] {
  const byName = new Map(offered.map((tool) => [typeof tool === 'string' ? tool : tool.name, tool]));
  return content.flatMap((block, index) => {
    if (block.type !== 'tool_use') return [];
    const { name, input } = block;
    const id = thread.ports.newEventId();
    const isTorn = stop_reason === 'max_tokens' || stop_reason === 'model_context_window_exceeded';
    return [{ id, name, input, modelId: block.id, block: index, isTorn, tool: byName.get(name) }];
  });
}

/** Whether the turn is over with this reply, whatever it calls. */
function endsTurn({ turn, limits, interrupts, closing }: ThreadState, { stop_reason }: SampleReply): boolean {
  const isLastRound = turn !== null && turn.rounds + 1 >= limits.rounds_per_turn;
  return stop_reason === 'refusal' || isLastRound || interrupts.length > 0 || closing;
}

function emitCall(thread: Thread, activity: string, call: Call, isLast: boolean): void {
  const { id, name, tool, block, isTorn } = call;
  // Whoever owns the tool runs it as soon as the event is there: a call that may be torn is not shown.
  if (isTorn && isCustom(tool)) return;
  // A worker as well: what is not to be run must not be allowed either.
  const isStillborn = thread.state.self_hosted === true && (isTorn || isLast);
  const from: BodySource = { activity, blocks: [block] };
  if (isCustom(tool)) emit(thread, { id, type: 'agent.custom_tool_use', name }, { from });
  else emit(thread, { id, type: 'agent.tool_use', name, ...permissionOf(isStillborn ? undefined : tool) }, { from });
}

/** What a call was allowed, as its event says it. Of a call that cannot be run no policy was asked. */
function permissionOf(tool: Exclude<OfferedTool, { type: 'custom' }> | undefined): Omit<NewEvent, 'type'> {
  if (tool === undefined) return { evaluated_permission: 'deny' };
  if (typeof tool === 'string') return { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } };
  if (tool.policy === 'always_ask') return { evaluated_permission: 'ask', evaluation: { type: 'always_ask' } };
  const evaluated_permission = { type: 'ask', reason_code: 'indeterminate' };
  return { evaluated_permission: 'ask', evaluation: { type: 'auto', evaluated_permission } };
}

function toCarryOut({ state }: Thread, { id, name, input, tool, isTorn }: Call): ToolCall[] {
  if (tool === undefined || isTorn) return [];
  if (typeof tool === 'string') return [{ id, name, input, ...(state.self_hosted ? { waits_for: 'worker' } : {}) }];
  return [{ id, name, input, waits_for: isCustom(tool) ? 'result' : 'confirmation' }];
}

function isCustom(tool: OfferedTool | undefined): tool is { name: string; type: 'custom' } {
  return typeof tool === 'object' && 'type' in tool;
}

function indicesOf(content: ContentBlock[], matches: (block: ContentBlock) => boolean): number[] {
  return content.flatMap((block, index) => (matches(block) ? [index] : []));
}
