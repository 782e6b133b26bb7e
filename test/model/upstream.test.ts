import { startUpstream, type Upstream } from '../../bench/upstream.js';
import { sign, words } from '../../bench/upstream-reply.js';
import { checkRequest } from '../../bench/upstream-rules.js';

const text = (value: string) => ({ type: 'text', text: value });
const user = (...content: object[]) => ({ role: 'user', content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const system = (value: string) => ({ role: 'system', content: [text(value)] });
const call = (id: string) => ({ type: 'tool_use', id, name: 'bash', input: {} });
const result = (id: string, more: object = {}) => ({ type: 'tool_result', tool_use_id: id, content: 'ok', ...more });
const body = (messages: object[], more: object = {}) => ({ model: 'm', max_tokens: 5, messages, ...more });
const thought = (signature: string) => ({ type: 'thinking', thinking: 'hm', signature });
const marked = { ...text('x'), cache_control: { type: 'ephemeral' } };
const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };

describe('the upstream refuses what the Messages API refuses', () => {
  const bad: [string, unknown, RegExp][] = [
    ['no messages', body([]), /at least one message/],
    ['the assistant first', body([assistant(text('a'))]), /first message must use the "user" role/],
    ['two of one role', body([user(text('a')), user(text('b'))]), /roles must alternate/],
    ['an empty message', body([user()]), /non-empty content/],
    ['an empty text', body([user(text(''))]), /must be non-empty/],
    ['a blank text', body([user(text(' \n'))]), /non-whitespace/],
    ['an empty string', body([{ role: 'user', content: '' }]), /must be non-empty/],
    ['a prefill', body([user(text('a')), assistant(text('b'))]), /prefill/],
    [
      'a call without result',
      body([user(text('a')), assistant(call('t1')), user(text('b'))]),
      /without `tool_result`.*t1/,
    ],
    ['a result without call', body([user(result('t1'))]), /unexpected `tool_use_id`/],
    [
      'a result twice',
      body([user(text('a')), assistant(call('t1')), user(result('t1'), result('t1'))]),
      /single result/,
    ],
    [
      'a result after text',
      body([user(text('a')), assistant(call('t1')), user(text('b'), result('t1'))]),
      /come before/,
    ],
    [
      'an id twice',
      body([user(text('a')), assistant(call('t1')), user(result('t1')), assistant(call('t1')), user(result('t1'))]),
      /unique/,
    ],
    [
      'an image in an error',
      body([user(text('a')), assistant(call('t1')), user(result('t1', { content: [image], is_error: true }))]),
      /must be type 'text'/,
    ],
    [
      'a forged thought',
      body([user(text('a')), assistant(thought('forged'), text('b')), user(text('c'))]),
      /Invalid `signature`/,
    ],
    ['a last thought', body([user(text('a')), assistant(thought(sign('hm'))), user(text('c'))]), /final block/],
    [
      'a server call left open',
      body([user(text('a')), assistant({ type: 'server_tool_use', id: 's' }, text('b')), user(text('c'))]),
      /without its result/,
    ],
    ['five breakpoints', body([user(marked, marked, marked, marked, marked)]), /maximum of 4 blocks.*Found 5/],
    ['an empty system', body([user(text('a'))], { system: [text('')] }), /system.0: text content blocks/],
    ['a tool without schema', body([user(text('a'))], { tools: [{ name: 'x' }] }), /tools.0.input_schema/],
    [
      'two tools of one name',
      body([user(text('a'))], { tools: [1, 2].map(() => ({ name: 'x', input_schema: { type: 'object' } })) }),
      /unique/,
    ],
    ['an unknown field', body([user(text('a'))], { effort: 'low' }), /effort: Extra inputs/],
    ['no token', body([user(text('a'))], { max_tokens: 0 }), /max_tokens/],
    [
      'an unknown image type',
      body([user({ type: 'image', source: { type: 'base64', media_type: 'image/bmp', data: 'a' } })]),
      /bmp/,
    ],
    ['a call in a user message', body([user(call('t1'))]), /not allowed in a user message/],
    ['a system message at the beginning', body([system('s'), user(text('a'))]), /immediately follow a user message/],
    [
      'a system message before the user',
      body([user(text('a')), system('s'), user(text('b'))]),
      /followed by an assistant message/,
    ],
    ['two system messages', body([user(text('a')), system('s'), system('t')]), /followed by an assistant message/],
    ['an empty system message', body([user(text('a')), { role: 'system', content: [] }]), /non-empty content/],
    ['no object', 'hello', /object/],
  ];
  it.each(bad)('%s', (_, request, why) => {
    const refusal = checkRequest(request, { isSigned: (thinking, signature) => sign(thinking) === signature });
    expect(refusal).toEqual({ status: 400, type: 'invalid_request_error', message: expect.stringMatching(why) });
  });
});

describe('the upstream', () => {
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream({ apiKey: 'key', contextWindow: 100 });
  });
  afterAll(() => upstream.close());

  const post = (request: object, key = 'key') =>
    fetch(`${upstream.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(request),
    });

  it('says hello at once, as a message or as a stream', async () => {
    const message = await post(body([user(text('a'))]));
    expect(await message.json()).toMatchObject({ type: 'message', content: [text('hello')], stop_reason: 'end_turn' });
    const stream = await post(body([user(text('a'))], { stream: true }));
    const events = [...(await stream.text()).matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
    expect(events).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('lets nobody in without the key, and nothing in that is too long', async () => {
    expect((await post(body([user(text('a'))]), 'other')).status).toBe(401);
    const long = await post(body([user(text('a'.repeat(500)))]));
    expect(await long.json()).toMatchObject({
      error: { message: expect.stringMatching(/prompt is too long: \d+ tokens > 100/) },
    });
  });

  it('may have another window from one request to the next', async () => {
    const request = body([user(text('a'.repeat(800)))]);
    expect((await post(request)).status).toBe(400);
    upstream.contextWindow = 1_000;
    expect((await post(request)).status).toBe(200);
    upstream.contextWindow = 100;
    expect((await post(request)).status).toBe(400);
  });

  it('takes system messages between a user and the assistant', async () => {
    const messages = [user(text('a')), system('s'), assistant(text('b')), user(text('c')), system('t')];
    expect((await post(body(messages))).status).toBe(200);
  });

  it('keeps its delays, and writes down when the first token went out and who hung up', async () => {
    upstream.queue.push({ blocks: [words(3)], firstTokenMs: 80, tokenMs: 40 });
    const started = performance.now();
    await (await post(body([user(text('a'))], { stream: true }))).text();
    expect(performance.now() - started).toBeGreaterThanOrEqual(155);
    const last = upstream.requests.at(-1);
    expect(Number(last?.firstTokenAt) - Number(last?.receivedAt)).toBeGreaterThanOrEqual(78);

    upstream.queue.push({ breakAfter: { events: 1, how: 'stall' } });
    const controller = new AbortController();
    const hanging = fetch(`${upstream.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: 'Bearer key' },
      body: JSON.stringify(body([user(text('a'))], { stream: true })),
      signal: controller.signal,
    });
    await hanging;
    controller.abort();
    const deadline = AbortSignal.timeout(5_000);
    while (!upstream.requests.at(-1)?.aborted && !deadline.aborted) await new Promise((done) => setTimeout(done, 5));
    expect(upstream.requests.at(-1)).toMatchObject({ aborted: true });
  });

  it('does not let a mistake in its own answer pass for a reply', async () => {
    upstream.answer = () => {
      throw new Error('a mistake');
    };
    const response = await post(body([user(text('a'))]));
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('a mistake');
  });
});
