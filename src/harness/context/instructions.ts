import type { MessageParam } from '../../model/model.js';

/**
 * A conversation for a model that takes no system messages in its midst: each stands at the end of the user's message
 * before it. The API refuses one for such a model; one that came as a signal must not make every request fail.
 */
export function asUserText(messages: MessageParam[]): MessageParam[] {
  const told: MessageParam[] = [];
  for (const message of messages) {
    const last = told.at(-1);
    if (message.role !== 'system') told.push(message);
    else if (last?.role === 'user')
      told[told.length - 1] = { role: 'user', content: [...blocksOf(last), ...note(message)] };
  }
  return told;
}

type Blocks = Exclude<NonNullable<MessageParam['content']>, string>;

function blocksOf({ content }: MessageParam): Blocks {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
}

function note(message: MessageParam): Blocks {
  const text = blocksOf(message)
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('\n');
  return [{ type: 'text', text: `From whoever runs this session, not from the user:\n${text}` }];
}
