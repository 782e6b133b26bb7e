import type { MessageParam, ModelRequest } from '../../src/model/model.js';
import { toChatMessages } from '../../src/model/openai-messages.js';
import { estimateTokens, toChatRequest } from '../../src/model/openai-request.js';
import { checkChatRequest } from '../contracts/chat-rules.js';
import { conversation, PIXEL } from '../contracts/conversation.js';

type Block = Exclude<MessageParam['content'], string | undefined>[number];

const text = (value: string) => ({ type: 'text' as const, text: value });
const user = (...content: Block[]) => ({ role: 'user', content }) as MessageParam;
const assistant = (...content: Block[]) => ({ role: 'assistant', content }) as MessageParam;
const call = (id: string, input: object = {}): Block => ({ type: 'tool_use', id, name: 'bash', input });
const document = (source: object, more: object = {}) => ({ type: 'document', source, ...more }) as unknown as Block;
const image: Block = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } };
const imagePart = { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } };
const pdf = document({ type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' });

describe('a conversation becomes', () => {
  const table: [what: string, from: MessageParam[], to: object[]][] = [
    ['plain text, in one string', [user(text('a'), text('b'))], [{ role: 'user', content: 'a\n\nb' }]],
    ['text as a string', [{ role: 'user', content: 'a' }], [{ role: 'user', content: 'a' }]],
    ['parts where there is an image', [user(text('a'), image)], [{ role: 'user', content: [text('a'), imagePart] }]],
    [
      'a link to an image',
      [user({ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } })],
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }],
    ],
    [
      'the text of a document, with its title',
      [user(document({ type: 'text', media_type: 'text/plain', data: 'the file' }, { title: 'a.txt' }))],
      [{ role: 'user', content: '<document title="a.txt">\nthe file\n</document>' }],
    ],
    [
      'a search result as text',
      [user({ type: 'search_result', source: 'https://a', title: 'A', content: [text('found')] })],
      [{ role: 'user', content: '<search_result source="https://a" title="A">\nfound\n</search_result>' }],
    ],
    [
      'calls and results, thoughts left out',
      [
        user(text('go')),
        assistant(
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
          call('t1', { command: 'ls' }),
          call('t2'),
        ),
        user(
          { type: 'tool_result', tool_use_id: 't1', content: 'one' },
          { type: 'tool_result', tool_use_id: 't2', content: [text('no'), text('way')], is_error: true },
          text('and?'),
        ),
      ],
      [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 't1', type: 'function', function: { name: 'bash', arguments: '{"command":"ls"}' } },
            { id: 't2', type: 'function', function: { name: 'bash', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 't1', content: 'one' },
        { role: 'tool', tool_call_id: 't2', content: 'The tool failed:\nno\nway' },
        { role: 'user', content: 'and?' },
      ],
    ],
    [
      'a result without content',
      [user(text('a')), assistant(text('b'), call('t1')), user({ type: 'tool_result', tool_use_id: 't1' })],
      [
        { role: 'user', content: 'a' },
        {
          role: 'assistant',
          content: 'b',
          tool_calls: [{ id: 't1', type: 'function', function: { name: 'bash', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 't1', content: '' },
      ],
    ],
    [
      'the images of results, in the message after all of them',
      [
        user(text('a')),
        assistant(call('t1'), call('t2')),
        user(
          { type: 'tool_result', tool_use_id: 't1', content: [text('here'), image] },
          { type: 'tool_result', tool_use_id: 't2', content: 'ok' },
        ),
      ],
      [
        { role: 'user', content: 'a' },
        expect.objectContaining({ role: 'assistant' }),
        { role: 'tool', tool_call_id: 't1', content: 'here\n(Its images are in the next message.)' },
        { role: 'tool', tool_call_id: 't2', content: 'ok' },
        { role: 'user', content: [text('What the tool call t1 showed:'), imagePart] },
      ],
    ],
    [
      'a note in place of a PDF that a tool gave',
      [
        user(text('a')),
        assistant(call('t1')),
        user({ type: 'tool_result', tool_use_id: 't1', content: [pdf as never] }),
      ],
      [
        { role: 'user', content: 'a' },
        expect.objectContaining({ role: 'assistant' }),
        {
          role: 'tool',
          tool_call_id: 't1',
          content: '(Here was a PDF document, which cannot be shown to this model.)',
        },
      ],
    ],
    [
      'instructions in the midst',
      [user(text('a')), { role: 'system', content: [text('be brief'), text('be kind')] }],
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: 'be brief\n\nbe kind' },
      ],
    ],
  ];
  it.each(table)('%s', (_, from, to) => {
    expect(toChatMessages(from)).toEqual(to);
  });

  const noted: [what: string, block: Block][] = [
    ['a PDF document', pdf],
    ['a PDF document', document({ type: 'url', url: 'https://example.com/a.pdf' })],
    ['a document by file id', document({ type: 'file', file_id: 'file_1' })],
    ['an image by file id', { type: 'image', source: { type: 'file', file_id: 'file_1' } }],
  ];
  it.each(noted)('a note where a user gives %s', (what, block) => {
    expect(toChatMessages([user(block)])).toEqual([
      { role: 'user', content: `(Here was ${what}, which cannot be shown to this model.)` },
    ]);
  });
});

describe('a request', () => {
  const request: ModelRequest = conversation('Go on.');

  it('is one that a strict server takes, without a trace of the other API', () => {
    const chat = toChatRequest(request, 'max_tokens');
    expect(checkChatRequest(chat)).toEqual(chat);
    expect(chat.max_tokens).toBe(1000);
    expect(chat.messages[0]).toEqual({ role: 'system', content: 'You are terse.' });
    expect(JSON.stringify(chat)).not.toContain('cache_control');
  });

  it('names the longest reply as the server wants it', () => {
    expect(toChatRequest(request, 'max_completion_tokens')).toMatchObject({ max_completion_tokens: 1000 });
    expect(toChatRequest(request, 'max_completion_tokens')).not.toHaveProperty('max_tokens');
  });

  it('has an effort that servers know, and only if one is asked for', () => {
    expect(toChatRequest(request, 'max_tokens')).not.toHaveProperty('reasoning_effort');
    expect(toChatRequest({ ...request, effort: 'low' }, 'max_tokens').reasoning_effort).toBe('low');
    expect(toChatRequest({ ...request, effort: 'max' }, 'max_tokens').reasoning_effort).toBe('high');
  });

  it('may tell of tools that are not to be called', () => {
    const chat = toChatRequest({ ...request, tool_choice: 'none' }, 'max_tokens');
    expect(chat).toMatchObject({ tool_choice: 'none', tools: [{}] });
    expect(checkChatRequest(chat)).toEqual(chat);
  });

  it('counts its text, not its pictures', () => {
    const [plain, pictured] = [[text('a'.repeat(400))], [text('a'.repeat(400)), image]].map((blocks) =>
      estimateTokens(toChatMessages([user(...blocks)])),
    );
    expect(plain).toBeGreaterThanOrEqual(100);
    expect(pictured).toBeLessThan(Number(plain) + 40);
  });
});
