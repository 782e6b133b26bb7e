import type { ModelRequest } from '../../src/model/model.js';

/** The smallest PNG. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** A conversation with something of every kind that all backends take. */
export function conversation(last: string): ModelRequest {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } } as const;
  const picture = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } } as const;
  const document = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'the file' } } as const;
  return {
    model: 'claude-test',
    max_tokens: 1000,
    system: [{ type: 'text', text: 'You are terse.', cache_control: { type: 'ephemeral' } }],
    tools: [{ name: 'bash', description: 'Runs it.', input_schema: { type: 'object' } }],
    messages: [
      { role: 'user', content: [text('Look:'), image, picture, document] },
      { role: 'assistant', content: [text('I look.'), { type: 'tool_use', id: 'toolu_1', name: 'bash', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [text('seen'), image] }] },
      { role: 'system', content: [text('Be brief now.')] },
      { role: 'assistant', content: [text('Yes.')] },
      { role: 'user', content: [text(last)] },
    ],
  };
}

function text(value: string) {
  return { type: 'text', text: value } as const;
}
