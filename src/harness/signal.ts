import type { InputEvent } from '../session/session.js';

/** What one signal may say. More of it goes through the API, which keeps large bodies out of the history. */
const MOST_EVENTS = 100;
const LONGEST_SIGNAL = 65_536;

/**
 * Reads events as a person types them in the Temporal UI or CLI: one event or a list, content as text or text blocks,
 * ids made here. A string is the reason why it cannot be taken.
 */
export function parseSignal(value: unknown, newEventId: () => string): InputEvent[] | string {
  const list = isRecord(value) && Array.isArray(value['events']) ? value['events'] : [value].flat();
  if (list.length === 0) return 'No events were given.';
  if (list.length > MOST_EVENTS || JSON.stringify(list).length > LONGEST_SIGNAL) {
    return `This is more than a signal may say (${MOST_EVENTS} events, ${LONGEST_SIGNAL} characters); send it through the API.`;
  }
  const events: InputEvent[] = [];
  for (const [index, item] of list.entries()) {
    const event = parseEvent(item, newEventId());
    if (typeof event === 'string') return `events.${index}: ${event}`;
    if (event.type === 'system.message' && index < list.length - 1)
      return `events.${index}: a system.message comes last`;
    events.push(event);
  }
  return events;
}

/** The types that a signal may bring, with what each of them takes. */
const PARSERS: Record<string, (item: Record<string, unknown>, id: string) => InputEvent | string> = {
  'user.message': (item, id) => withText(item, (content) => ({ id, type: 'user.message', content })),
  'system.message': (item, id) => withText(item, (content) => ({ id, type: 'system.message', content })),
  'user.interrupt': (_, id) => ({ id, type: 'user.interrupt' }),
  'user.tool_confirmation': parseConfirmation,
  'user.custom_tool_result': parseCustomResult,
  'user.tool_result': parseToolResult,
};

function parseEvent(item: unknown, id: string): InputEvent | string {
  const event = typeof item === 'string' ? { type: 'user.message', content: item } : item;
  if (!isRecord(event)) return 'must be an object such as {"type":"user.message","content":"…"}';
  const { type } = event;
  const parse = typeof type === 'string' && Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined;
  return parse === undefined ? `type must be one of ${Object.keys(PARSERS).join(', ')}` : parse(event, id);
}

function parseConfirmation(item: Record<string, unknown>, id: string): InputEvent | string {
  const { tool_use_id, result, deny_message = null } = item;
  if (!isId(tool_use_id)) return 'tool_use_id must name the call';
  if (result !== 'allow' && result !== 'deny') return 'result must be "allow" or "deny"';
  if (deny_message !== null && typeof deny_message !== 'string') return 'deny_message must be text';
  if (deny_message !== null && result === 'allow') return 'deny_message goes with result "deny" only';
  return {
    id,
    type: 'user.tool_confirmation',
    tool_use_id,
    result,
    ...(deny_message === null ? {} : { deny_message }),
  };
}

function parseCustomResult(item: Record<string, unknown>, id: string): InputEvent | string {
  const { custom_tool_use_id } = item;
  if (!isId(custom_tool_use_id)) return 'custom_tool_use_id must name the call';
  return withResult(item, (result) => ({ id, type: 'user.custom_tool_result', custom_tool_use_id, ...result }));
}

function parseToolResult(item: Record<string, unknown>, id: string): InputEvent | string {
  const { tool_use_id } = item;
  if (!isId(tool_use_id)) return 'tool_use_id must name the call';
  return withResult(item, (result) => ({ id, type: 'user.tool_result', tool_use_id, ...result }));
}

type MakeResult = (result: { content: Text[]; is_error: boolean }) => InputEvent;

function withResult(item: Record<string, unknown>, make: MakeResult): InputEvent | string {
  const { is_error = false } = item;
  if (typeof is_error !== 'boolean') return 'is_error must be true or false';
  return withText(item, (content) => make({ content, is_error }));
}

interface Text {
  type: 'text';
  text: string;
}

function withText({ content }: Record<string, unknown>, make: (content: Text[]) => InputEvent): InputEvent | string {
  if (typeof content === 'string') {
    return content.trim() === '' ? 'content must not be empty' : make([{ type: 'text', text: content }]);
  }
  if (!Array.isArray(content) || content.length === 0) return 'content must be text or a list of text blocks';
  const texts: Text[] = [];
  for (const block of content) {
    if (!isRecord(block) || block['type'] !== 'text' || typeof block['text'] !== 'string' || block['text'] === '')
      return 'content may hold only text blocks here; send others through the API';
    texts.push({ type: 'text', text: block['text'] });
  }
  return make(texts);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
