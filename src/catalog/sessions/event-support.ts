import type { EventParams } from './event-schema.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';

type UserMessage = Extract<EventParams, { type: 'user.message' }>;

/** Refuses, by name, what a session cannot carry out. `path` is where the events stand in the request. */
export function checkEvents(events: EventParams[], path: string, primaryThread: string): void {
  for (const [index, event] of events.entries()) checkEvent(event, `${path}.${index}`, primaryThread);
}

function checkEvent(event: EventParams, path: string, primaryThread: string): void {
  switch (event.type) {
    case 'user.message':
      return checkContent(event.content, path);
    case 'user.interrupt':
      return checkThread(event.session_thread_id, path, primaryThread);
    case 'user.tool_confirmation':
      throw invalid(`${path}.tool_use_id`, `no tool call ${event.tool_use_id} waits for a confirmation`);
    case 'user.custom_tool_result':
      throw invalid(`${path}.custom_tool_use_id`, `no custom tool call ${event.custom_tool_use_id} waits for a result`);
    case 'user.tool_result':
      throw invalid(`${path}.type`, 'user.tool_result is for sessions in self_hosted environments only');
    case 'user.define_outcome':
      throw invalid(`${path}.type`, 'outcomes are not available yet');
    case 'system.message':
      throw invalid(`${path}.type`, 'system messages in a session are not available yet');
    default:
      return unreachable(event);
  }
}

function checkContent(content: UserMessage['content'], path: string): void {
  for (const [index, block] of content.entries()) {
    if ('source' in block && block.source.type === 'file') {
      throw invalid(`${path}.content.${index}.source.file_id`, 'files are not available yet');
    }
  }
}

function checkThread(thread: string | null | undefined, path: string, primaryThread: string): void {
  if (thread == null || thread === primaryThread) return;
  throw invalid(`${path}.session_thread_id`, `this session has no thread ${thread}`);
}
