import type { InputEvent } from '../session/session.js';

/** What one signal may say. More of it goes through the API, which keeps large bodies out of the history. */
const MOST_EVENTS = 100;
const LONGEST_SIGNAL = 65_536;

/**
 * Reads events as a person types them in the Temporal UI or CLI: one event or a list, content as text or blocks, ids
 * made here. A string is the reason why it cannot be taken.
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
    events.push(event);
  }
  return events;
}

function parseEvent(item: unknown, id: string): InputEvent | string {
  if (typeof item === 'string') return message(id, item);
  if (!isRecord(item)) return 'must be an object such as {"type":"user.message","content":"…"}';
  if (item['type'] === 'user.interrupt') return { id, type: 'user.interrupt' };
  if (item['type'] !== 'user.message') return 'type must be user.message or user.interrupt';
  const { content } = item;
  if (typeof content === 'string') return message(id, content);
  if (!Array.isArray(content) || content.length === 0) return 'content must be text or a list of text blocks';
  const texts: string[] = [];
  for (const block of content) {
    if (!isRecord(block) || block['type'] !== 'text' || typeof block['text'] !== 'string' || block['text'] === '')
      return 'content may hold only text blocks here; send others through the API';
    texts.push(block['text']);
  }
  return { id, type: 'user.message', content: texts.map((text) => ({ type: 'text', text })) };
}

function message(id: string, text: string): InputEvent | string {
  if (text.trim() === '') return 'content must not be empty';
  return { id, type: 'user.message', content: [{ type: 'text', text }] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
