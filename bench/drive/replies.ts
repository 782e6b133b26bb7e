import type { UpstreamReply } from '../upstream-reply.js';
import type { UpstreamRequest } from '../upstream.js';

/** A message that tells the upstream what to reply: one reply for each request of the turn. */
export function script(...replies: UpstreamReply[]): string {
  return JSON.stringify(replies);
}

/** Answers a request as the script in the last text that the user sent says; "hello" without one. */
export function answerAsTold({ body: { messages } }: Pick<UpstreamRequest, 'body'>): UpstreamReply {
  const start = messages.findLastIndex((message) => message.role === 'user' && lastText(message) !== undefined);
  const step = messages.slice(start + 1).filter(({ role }) => role === 'assistant').length;
  return parse(lastText(messages[start]) ?? '')[step] ?? {};
}

type Message = UpstreamRequest['body']['messages'][number];

function lastText(message: Message | undefined): string | undefined {
  const content = message?.content ?? [];
  if (typeof content === 'string') return content;
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).at(-1);
}

function parse(text: string): UpstreamReply[] {
  // Every other text is something that a person would say.
  return text.startsWith('[') ? JSON.parse(text) : [];
}
