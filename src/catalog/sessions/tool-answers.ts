import type { SessionEvent } from '../../session/session.js';
import { invalid } from '../validate.js';
import type { EventParams } from './event-schema.js';

type Params<Type extends EventParams['type']> = Extract<EventParams, { type: Type }>;

/** The call that is confirmed has to be one that asked. Whether it waits still is another matter: late answers are fine. */
export function checkConfirmation(
  call: SessionEvent | undefined,
  { tool_use_id }: Params<'user.tool_confirmation'>,
  path: string,
): void {
  const field = `${path}.tool_use_id`;
  const { evaluated_permission } = callOf(call, tool_use_id, field);
  if (evaluated_permission === 'ask') return;
  const done = evaluated_permission === 'deny' ? 'denied' : 'allowed';
  throw invalid(field, `the call ${tool_use_id} asks for no confirmation: it was ${done} without`);
}

/** A result has to be of a custom tool's call. One that has its result already takes another without effect. */
export function checkCustomToolResult(
  call: SessionEvent | undefined,
  { custom_tool_use_id }: Params<'user.custom_tool_result'>,
  path: string,
): void {
  const field = `${path}.custom_tool_use_id`;
  if (call === undefined) throw invalid(field, noEvent(custom_tool_use_id));
  if (call.type === 'agent.custom_tool_use') return;
  throw invalid(field, `${custom_tool_use_id} is no call of a custom tool but of type ${call.type}`);
}

/** A worker's result has to be of a call that was, or may yet be, its to run. One that comes late is taken without effect. */
export function checkToolResult(
  call: SessionEvent | undefined,
  { tool_use_id }: Params<'user.tool_result'>,
  path: string,
): void {
  const field = `${path}.tool_use_id`;
  const { type, evaluated_permission } = callOf(call, tool_use_id, field);
  if (type !== 'agent.tool_use') throw invalid(field, `${tool_use_id} is the call of an MCP server's tool`);
  if (evaluated_permission === 'deny') throw invalid(field, `the call ${tool_use_id} was denied`);
}

type Call = Extract<SessionEvent, { type: 'agent.tool_use' | 'agent.mcp_tool_use' }>;

/** The call of a tool that is not the client's own. */
function callOf(event: SessionEvent | undefined, id: string, field: string): Call {
  if (event === undefined) throw invalid(field, noEvent(id));
  if (event.type === 'agent.tool_use' || event.type === 'agent.mcp_tool_use') return event;
  if (event.type === 'agent.custom_tool_use') {
    throw invalid(field, `${id} is the call of a custom tool, which user.custom_tool_result answers`);
  }
  throw invalid(field, `${id} is no tool call but of type ${event.type}`);
}

function noEvent(id: string): string {
  return `this session has no event ${id}`;
}
