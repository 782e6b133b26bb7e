import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream } from '../../bench/upstream.js';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { createAnthropicModel } from '../../src/model/anthropic.js';
import type { ContentBlock, Model, ModelOutcome } from '../../src/model/model.js';
import { ask, createListener, never } from '../contracts/model.js';

const KEY = 'sk-ant-test-0123456789';

let upstream: Upstream;
let model: Model;

beforeAll(async () => {
  upstream = await startUpstream({ apiKey: KEY });
  model = createAnthropicModel({ apiKey: KEY, baseURL: upstream.url });
});
afterAll(() => upstream.close());
beforeEach(() => upstream.queue.splice(0));

function sample(reply: UpstreamReply): Promise<ModelOutcome> {
  upstream.queue.push(reply);
  return model.sample(ask('hi'), createListener(), never());
}

describe('what comes back', () => {
  it('is the content as it was, for every kind of block, so that it can be sent again', async () => {
    const citation = {
      type: 'char_location' as const,
      cited_text: 'c',
      document_index: 0,
      document_title: null,
      start_char_index: 0,
      end_char_index: 1,
      file_id: null,
    };
    const blocks: ContentBlock[] = [
      { type: 'redacted_thinking', data: 'opaque' },
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
      { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] },
      { type: 'text', text: 'cited text', citations: [citation] },
      { type: 'text', text: '', citations: null },
    ];
    const outcome = await sample({ blocks: blocks.map((block) => ({ type: 'block', block })) });
    expect(outcome).toMatchObject({ type: 'reply', content: blocks });
  });

  it('is accepted by the upstream when it is sent again: thinking, then results', async () => {
    const first = await sample({
      blocks: [
        { type: 'thinking', thinking: 'a long thought' },
        { type: 'tool_use', name: 'bash', input: {}, id: 'toolu_1' },
      ],
    });
    if (first.type !== 'reply') throw new Error(first.type);
    const { messages, ...rest } = ask('hi');
    const next = [
      ...messages,
      { role: 'assistant' as const, content: first.content },
      { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: 'toolu_1' }] },
    ];
    expect(await model.sample({ ...rest, messages: next }, createListener(), never())).toMatchObject({ type: 'reply' });
  });

  it('leaves out a call that was torn at the token limit, even before its first character', async () => {
    for (const tornAfter of [0, 9]) {
      const outcome = await sample({
        blocks: [
          { type: 'text', text: 'so' },
          { type: 'tool_use', name: 'bash', input: { command: 'rm -rf /' } },
        ],
        stop_reason: 'max_tokens',
        tornAfter,
      });
      expect(outcome).toMatchObject({
        type: 'reply',
        stop_reason: 'max_tokens',
        content: [{ type: 'text', text: 'so' }],
      });
    }
  });

  it('is a failure when a call is torn without reason', async () => {
    const outcome = await sample({ blocks: [{ type: 'tool_use', name: 'bash', input: { a: 1 } }], tornAfter: 3 });
    expect(outcome).toMatchObject({ type: 'failed', error: { disposition: 'retry' } });
  });

  it('never holds a torn call after an interrupt', async () => {
    const controller = new AbortController();
    upstream.queue.push({
      blocks: [
        { type: 'text', text: 'so' },
        { type: 'tool_use', name: 'bash', input: { command: 'a b c d e f g' } },
      ],
      // In the midst of the call's input.
      breakAfter: { events: 8, how: 'stall' },
    });
    const sampling = model.sample(
      ask('hi'),
      createListener(() => setTimeout(() => controller.abort(), 100)),
      controller.signal,
    );
    expect(await sampling).toMatchObject({ type: 'interrupted', content: [{ type: 'text', text: 'so' }] });
  });

  it('passes refusals and pauses on', async () => {
    const stop_details = { category: 'cyber' as const, explanation: 'no' };
    expect(await sample({ stop_reason: 'refusal', stop_details })).toMatchObject({
      stop_reason: 'refusal',
      stop_details,
    });
    expect(await sample({ stop_reason: 'pause_turn' })).toMatchObject({
      stop_reason: 'pause_turn',
      stop_details: null,
    });
  });

  it('counts cache writes by their lifetime', async () => {
    const usage = {
      input_tokens: 3,
      output_tokens: 4,
      cache_read_input_tokens: 50,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    };
    expect((await sample({ usage })).usage).toEqual({
      input_tokens: 3,
      output_tokens: 4,
      cache_read_input_tokens: 50,
      cache_creation_input_tokens: 30,
      ephemeral_5m_input_tokens: 10,
      ephemeral_1h_input_tokens: 20,
    });
  });
});

describe('what is sent', () => {
  afterEach(() => {
    for (const name of ['ANTHROPIC_BASE_URL', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_CUSTOM_HEADERS'])
      delete process.env[name];
  });

  it('P4: goes to the given URL with the given key, whatever the environment says', async () => {
    process.env['ANTHROPIC_BASE_URL'] = 'http://127.0.0.1:1';
    process.env['ANTHROPIC_AUTH_TOKEN'] = 'token-of-a-client';
    process.env['ANTHROPIC_CUSTOM_HEADERS'] = 'Authorization: Bearer key-of-a-client';
    const own = createAnthropicModel({ apiKey: KEY, baseURL: upstream.url });
    expect(await own.sample(ask('hi'), createListener(), never())).toMatchObject({ type: 'reply' });
    expect(upstream.requests.at(-1)?.headers).toMatchObject({ authorization: `Bearer ${KEY}` });
    expect(upstream.requests.at(-1)?.headers).not.toHaveProperty('x-api-key');
  });

  it('is the request with effort, speed and place where they belong', async () => {
    await model.sample({ ...ask('hi'), effort: 'low', speed: 'fast', inference_geo: 'us' }, createListener(), never());
    expect(upstream.requests.at(-1)).toMatchObject({
      body: { stream: true, output_config: { effort: 'low' }, speed: 'fast', inference_geo: 'us' },
      headers: { 'anthropic-beta': 'fast-mode-2026-02-01' },
    });
    await model.sample({ ...ask('hi'), speed: 'standard' }, createListener(), never());
    expect(upstream.requests.at(-1)?.body).not.toHaveProperty('speed');
    expect(upstream.requests.at(-1)?.body).not.toHaveProperty('inference_geo');
  });

  it('keeps its connection from one request to the next, without waiting for the end of the body', async () => {
    // An upstream of its own: the other one has connections that earlier tests have left.
    const fresh = await startUpstream({ answer: () => ({ endMs: 500 }) });
    const own = createAnthropicModel({ apiKey: KEY, baseURL: fresh.url });
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const started = performance.now();
      await own.sample(ask('hi'), createListener(), never());
      waits.push(performance.now() - started);
      while (fresh.requests.at(-1)?.endedAt === undefined) await sleep(5);
      // What has come by then is read.
      for (let turns = 0; turns < 10; turns += 1) await turn();
    }
    expect(Math.min(...waits)).toBeLessThan(400);
    expect(new Set(fresh.requests.map((request) => request.socketPort)).size).toBe(1);
    await fresh.close();
  });
});
