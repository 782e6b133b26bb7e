import { invalid } from '../validate.js';
import type { EventParams } from './event-schema.js';

/**
 * The rules of `system.message` (events.md §2): one in a request, at its end, after the message or the tool result that
 * it accompanies, or alone; and only for a model that takes it.
 */
export function checkSystemMessages(
  events: EventParams[],
  session: { takesSystemMessages(): boolean },
  field = 'events',
): void {
  const index = events.findIndex((event) => event.type === 'system.message');
  if (index < 0) return;
  if (events.some((event, other) => other > index && event.type === 'system.message')) {
    throw invalid(field, 'has more than one system.message');
  }
  if (index !== events.length - 1) throw invalid(`${field}.${index}`, 'a system.message comes last');
  const before = events[index - 1];
  if (before && !LEADERS.has(before.type)) {
    throw invalid(`${field}.${index}`, `a system.message follows a message or a tool result, not ${before.type}`);
  }
  if (session.takesSystemMessages()) return;
  throw invalid(
    `${field}.${index}`,
    'the model of this session takes no system messages in the midst of a conversation',
    'model_does_not_support_mid_conversation_system',
  );
}

/** What a system message may accompany. */
const LEADERS: ReadonlySet<EventParams['type']> = new Set([
  'user.message',
  'user.custom_tool_result',
  'user.tool_result',
]);
