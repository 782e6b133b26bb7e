import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { ModelOutcome, ModelRequest } from '../../src/model/model.js';
import { createOpenAIModel } from '../../src/model/openai.js';
import { DIALECTS } from '../contracts/chat-dialects.js';
import { startChatUpstream } from '../contracts/chat-upstream.js';
import { ask, createListener, never, textOf } from '../contracts/model.js';
import { calls, data, delta, DONE, finish, KEY, type OpenAIServer, startOpenAIServer } from './openai-server.js';

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer();
});
afterAll(() => server.close());

function inputsOf(outcome: ModelOutcome): [name: string, input: unknown][] {
  if (outcome.type !== 'reply') throw new Error(JSON.stringify(outcome));
  return outcome.content.flatMap((block) => (block.type === 'tool_use' ? [[block.name, block.input]] : []));
}

describe('a stream as servers write it', () => {
  it('keeps calls apart by index, however their fragments are mixed', async () => {
    const { outcome } = await server.stream([
      calls({ index: 0, id: 'a', function: { name: 'bash', arguments: '{"com' } }),
      calls({ index: 1, id: 'b', function: { name: 'write', arguments: '' } }),
      calls({ index: 0, function: { arguments: 'mand":"x"}' } }, { index: 1, function: { arguments: '{"n":' } }),
      calls({ index: 1, function: { arguments: '1}' } }),
      finish('tool_calls'),
      DONE,
    ]);
    expect(inputsOf(outcome)).toEqual([
      ['bash', { command: 'x' }],
      ['write', { n: 1 }],
    ]);
  });

  it('takes arguments that are an object, null or absent', async () => {
    const { outcome } = await server.stream([
      calls({ index: 0, id: 'a', function: { name: 'bash', arguments: { command: 'x' } } }),
      calls({ index: 1, id: 'b', function: { name: 'edit', arguments: null } }),
      calls({ index: 2, id: 'c', function: { name: 'write' } }),
      finish('tool_calls'),
    ]);
    expect(inputsOf(outcome)).toEqual([
      ['bash', { command: 'x' }],
      ['edit', {}],
      ['write', {}],
    ]);
  });

  it.each(['"a text"', '[1]', '7', '{"a":1', 'null{'])('makes no call of the arguments %s', async (bad) => {
    const call = calls({ index: 0, id: 'a', function: { name: 'bash', arguments: bad } });
    expect((await server.stream([call, finish('tool_calls'), DONE])).outcome).toMatchObject({
      type: 'failed',
      error: { disposition: 'retry' },
    });
    expect((await server.stream([call, finish('length'), DONE])).outcome).toMatchObject({
      stop_reason: 'max_tokens',
      content: [],
    });
  });

  it('gives a call a new id when its own is empty, has been there before, or could not be kept', async () => {
    const { messages, ...rest } = ask('hi');
    const before: ModelRequest['messages'] = [
      ...messages,
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_0', name: 'bash', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_0' }] },
    ];
    const ids = ['call_0', '', 'functions.bash:0', 'fine_1', 'fine_1'];
    const { outcome } = await server.stream(
      [
        ...ids.map((id, index) => calls({ index, id, function: { name: 'bash', arguments: '{}' } })),
        finish('tool_calls'),
      ],
      { ...rest, messages: before },
    );
    if (outcome.type !== 'reply') throw new Error(outcome.type);
    const given = outcome.content.map((block) => ('id' in block ? block.id : ''));
    expect(given[3]).toBe('fine_1');
    expect(new Set([...given, 'call_0']).size).toBe(6);
    for (const id of given) expect(id).toMatch(/^[\w-]+$/);
  });

  it('leaves out white space that no text follows, and keeps it where one does', async () => {
    const call = calls({ index: 0, id: 'a', function: { name: 'bash', arguments: '{}' } });
    const { outcome, heard } = await server.stream([
      delta({ content: '\n' }),
      delta({ content: '\n' }),
      call,
      finish('tool_calls'),
    ]);
    expect(outcome).toMatchObject({ content: [{ type: 'tool_use' }] });
    expect(heard.starts).toEqual([]);
    const spoken = await server.stream([delta({ content: '\n' }), delta({ content: ' so' }), finish('stop')]);
    expect(textOf(spoken.outcome)).toBe('\n so');
  });

  it.each(['reasoning_content', 'reasoning'])('shows that it thinks (%s), and keeps nothing of it', async (field) => {
    const { outcome, heard } = await server.stream([
      delta({ [field]: 'let me' }),
      delta({ [field]: ' see' }),
      delta({ content: 'so' }),
      finish('stop'),
    ]);
    expect(heard.thoughts).toEqual([0]);
    expect(outcome).toMatchObject({ content: [{ type: 'text', text: 'so' }] });
  });

  it.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
    ['tool_calls', 'end_turn'],
    ['eos', 'end_turn'],
  ])('ends for the reason %s as %s', async (reason, expected) => {
    const { outcome } = await server.stream([delta({ content: 'so' }), finish(reason), DONE]);
    expect(outcome).toMatchObject({ type: 'reply', stop_reason: expected });
  });

  it('counts cached tokens apart, and estimates where nobody counts', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 90 } };
    const counted = await server.stream([delta({ content: 'so' }), finish('stop'), data({ choices: [], usage }), DONE]);
    expect(counted.outcome.usage).toMatchObject({ input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 });
    const guessed = await server.stream([delta({ content: 'a'.repeat(40) }), finish('stop'), DONE]);
    expect(guessed.outcome.usage).toMatchObject({ output_tokens: 10, cache_read_input_tokens: 0 });
    expect(guessed.outcome.usage.input_tokens).toBeGreaterThan(10);
  });

  it('needs neither [DONE] nor a count, is not put off by comments and line ends, and reads letters cut in two', async () => {
    const bytes = Buffer.from(delta({ content: 'größer' }));
    const cut = bytes.indexOf(0xb6);
    server.serve = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`: hello\r\n\r\n${delta({ role: 'assistant', content: null }).replaceAll('\n', '\r\n')}`);
      response.write(bytes.subarray(0, cut));
      setTimeout(() => {
        response.write(bytes.subarray(cut));
        response.end(finish('stop').trimEnd());
      }, 20);
    };
    const outcome = await server.model.sample(ask('hi'), createListener(), never());
    expect(textOf(outcome)).toBe('größer');
  });

  it('takes a whole message from a server that does not stream', async () => {
    const message = {
      role: 'assistant',
      content: 'so',
      tool_calls: [{ id: 'a', function: { name: 'bash', arguments: '{}' } }],
    };
    server.serve = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ choices: [{ message, finish_reason: 'tool_calls' }], usage: { prompt_tokens: 3 } }),
      );
    };
    const outcome = await server.model.sample(ask('hi'), createListener(), never());
    expect(outcome).toMatchObject({ stop_reason: 'tool_use', usage: { input_tokens: 3 } });
    expect(textOf(outcome)).toBe('so');
  });

  it('is whole once it has said why it ends, even when the connection breaks before the count', async () => {
    server.serve = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(delta({ content: 'so' }) + finish('stop'));
      setTimeout(() => response.destroy(), 30);
    };
    expect(await server.model.sample(ask('hi'), createListener(), never())).toMatchObject({ type: 'reply' });
  });
});

describe('what is sent', () => {
  it('carries the key, if there is one, and keeps its connection', async () => {
    const upstream = await startChatUpstream(DIALECTS.openai);
    const [own, open] = [{ apiKey: KEY }, {}].map((more) => createOpenAIModel({ baseURL: upstream.url, ...more }));
    for (const one of [own, own, own, open]) {
      await one?.sample(ask('{}'), createListener(), never());
      while (upstream.requests.at(-1)?.isOver !== true) await sleep(5);
      // What has come by then is read.
      for (let turns = 0; turns < 10; turns += 1) await turn();
    }
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([
      ...Array<string>(3).fill(`Bearer ${KEY}`),
      undefined,
    ]);
    expect(new Set(upstream.requests.map(({ socketPort }) => socketPort)).size).toBe(1);
    await upstream.close();
  });
});
