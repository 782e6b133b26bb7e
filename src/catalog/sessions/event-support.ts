import type { SessionEvent } from '../../session/session.js';
import { unreachable } from '../unreachable.js';
import { invalid } from '../validate.js';
import type { EventParams } from './event-schema.js';
import { checkSystemMessages } from './system-message.js';
import { checkConfirmation, checkCustomToolResult, checkToolResult } from './tool-answers.js';

/** What the events for a session are checked against. Its present state is not in it: that is its workflow's to judge. */
export interface Addressee {
  primaryThread: string;
  isSelfHosted: boolean;
  /** Whether its model takes system messages in the midst of a conversation. */
  takesSystemMessages(): boolean;
  findEvent(id: string): Promise<SessionEvent | undefined>;
}

/** Refuses, by name, what a session cannot carry out or its log does not know. */
export async function checkEvents(events: EventParams[], session: Addressee): Promise<void> {
  checkSystemMessages(events, session);
  checkOneOutcome(events, 'events');
  for (const [index, event] of events.entries()) await checkEvent(event, `events.${index}`, session);
}

/** The same for events that come with a session's creation: it has no log that they could refer to. */
export function checkInitialEvents(events: InitialEvent[]): void {
  checkOneOutcome(events, 'initial_events');
}

/** Only a deployment's sessions may begin with a system message. */
type InitialEvent = Extract<EventParams, { type: 'user.message' | 'user.define_outcome' | 'system.message' }>;

/** Of several the first would still be open when the next comes. Whether one is open already is the workflow's to judge. */
function checkOneOutcome(events: EventParams[], path: string): void {
  const outcomes = events.flatMap(({ type }, index) => (type === 'user.define_outcome' ? [index] : []));
  if (outcomes[1] === undefined) return;
  throw invalid(`${path}.${outcomes[1]}`, 'a session works toward one outcome at a time');
}

async function checkEvent(event: EventParams, path: string, session: Addressee): Promise<void> {
  switch (event.type) {
    case 'user.message':
      return undefined;
    case 'user.interrupt':
      return checkThread(event.session_thread_id, path, session);
    case 'user.tool_confirmation':
      return checkConfirmation(await session.findEvent(event.tool_use_id), event, path);
    case 'user.custom_tool_result':
      return checkCustomToolResult(await session.findEvent(event.custom_tool_use_id), event, path);
    case 'user.tool_result':
      if (!session.isSelfHosted) {
        throw invalid(`${path}.type`, 'user.tool_result is for sessions in self_hosted environments only');
      }
      return checkToolResult(await session.findEvent(event.tool_use_id), event, path);
    case 'user.define_outcome':
    case 'system.message':
      return undefined;
    default:
      return unreachable(event);
  }
}

function checkThread(thread: string | null | undefined, path: string, { primaryThread }: Addressee): void {
  if (thread == null || thread === primaryThread) return;
  throw invalid(`${path}.session_thread_id`, `this session has no thread ${thread}`);
}
