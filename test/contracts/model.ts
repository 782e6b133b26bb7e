import { words, type UpstreamReply } from '../../bench/upstream-reply.js';
import type { ContentBlock, Model, ModelListener, ModelOutcome, ModelRequest } from '../../src/model/model.js';
import { patience } from '../support/patience.js';
import { conversation, PIXEL } from './conversation.js';

/** A model under test and how to make it say things: the scripted one by its language, the others by their upstream. */
export interface ModelHarness {
  model: Model;
  /** The user's text after which the model gives this reply. */
  toGive: (reply: UpstreamReply) => string;
  /** How the upstream refuses a prompt that is too long, in its own words. */
  tooLong: UpstreamReply;
  /** The upstream's requests, oldest first. */
  seen(): readonly SeenRequest[];
  close(): Promise<void>;
}

export interface SeenRequest {
  /** As it was sent, as JSON. */
  raw: string;
  /** The caller hung up before the end. */
  aborted?: boolean;
}

export interface ModelTraits {
  /** Thinking is kept, to be sent back. */
  keepsThinking: boolean;
  /** There is an upstream: requests are sent, streams can break, tokens are counted. */
  hasUpstream: boolean;
  /** The upstream says how many tokens a request took. */
  countsTokens: boolean;
  failures: [status: number, type: string, disposition: string][];
}

const TRAITS: ModelTraits = {
  keepsThinking: true,
  hasUpstream: true,
  countsTokens: true,
  failures: [
    [529, 'model_overloaded_error', 'retry'],
    [429, 'model_rate_limited_error', 'retry'],
    [500, 'model_request_failed_error', 'retry'],
    [400, 'model_request_failed_error', 'exhausted'],
    [402, 'billing_error', 'exhausted'],
  ],
};

/** Everything a `Model` promises, over any backend. */
export function describeModel(name: string, create: () => Promise<ModelHarness>, own: Partial<ModelTraits> = {}): void {
  const traits = { ...TRAITS, ...own };
  describe(`model: ${name}`, () => {
    let harness: ModelHarness;
    beforeAll(async () => {
      harness = await create();
    });
    afterAll(() => harness.close());
    describeReplies(() => harness, traits);
    describeInterrupts(() => harness);
    describeFailures(() => harness, traits);
    if (traits.hasUpstream) describeTraffic(() => harness, traits);
  });
}

function describeReplies(harness: () => ModelHarness, { keepsThinking }: ModelTraits): void {
  it('gives the reply and tells its text in order as it comes', async () => {
    const { outcome, heard } = await give(harness(), { blocks: [text('one two three')] });
    expect(outcome).toMatchObject({ type: 'reply', stop_reason: 'end_turn', stop_details: null });
    expect(textOf(outcome)).toBe('one two three');
    expect(heard.texts.join('')).toBe('one two three');
    expect(heard.starts).toEqual([0]);
    expect(heard.texts.length).toBeGreaterThan(1);
    expect(outcome.usage.output_tokens).toBeGreaterThan(0);
    expect(outcome.usage.input_tokens).toBeGreaterThan(0);
  });

  it('tells that it thinks, and gives calls with their whole input', async () => {
    const input = { command: 'echo "hi"\nls', nested: { list: [1, null, 'ü'] } };
    const blocks: UpstreamReply['blocks'] = [{ type: 'thinking', thinking: 'hm' }, call('bash', input)];
    const { outcome, heard } = await give(harness(), { blocks });
    if (outcome.type !== 'reply') throw new Error(outcome.type);
    expect(outcome.stop_reason).toBe('tool_use');
    expect(outcome.content).toEqual([
      ...(keepsThinking ? [{ type: 'thinking', thinking: 'hm', signature: expect.stringMatching(/./) }] : []),
      { type: 'tool_use', id: expect.stringMatching(/^[\w-]+$/), name: 'bash', input },
    ]);
    expect(heard.thoughts).toEqual([0]);
  });

  it('gives several calls in their order, each with an id of its own', async () => {
    const inputs = [{ command: 'a' }, { command: '{"b": [' }, {}];
    const { outcome } = await give(harness(), { blocks: inputs.map((input) => call('bash', input)) });
    if (outcome.type !== 'reply') throw new Error(outcome.type);
    const calls = outcome.content.filter((block) => block.type === 'tool_use');
    expect(calls.map(({ input }) => input)).toEqual(inputs);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
  });

  it('passes on that a reply was cut at the token limit', async () => {
    const { outcome } = await give(harness(), { blocks: [text('half a')], stop_reason: 'max_tokens' });
    expect(outcome).toMatchObject({ type: 'reply', stop_reason: 'max_tokens' });
    expect(textOf(outcome)).toBe('half a');
  });

  it('passes on a refusal', async () => {
    const { outcome } = await give(harness(), { blocks: [text('I will not')], stop_reason: 'refusal' });
    expect(outcome).toMatchObject({ type: 'reply', stop_reason: 'refusal' });
  });
}

function describeInterrupts(harness: () => ModelHarness): void {
  it('P8: stops at once when the signal is raised, with exactly what was shown', async () => {
    const controller = new AbortController();
    const heard = createListener((piece) => {
      if (piece.startsWith('w')) setTimeout(() => controller.abort(), 60);
    });
    const asked = ask(harness().toGive({ blocks: [words(400)], tokenMs: 10 }));
    const started = performance.now();
    const outcome = await harness().model.sample(asked, heard, controller.signal);
    expect(performance.now() - started).toBeLessThan(patience(2_000));
    expect(outcome.type).toBe('interrupted');
    expect(textOf(outcome)).toBe(heard.texts.join(''));
    expect(textOf(outcome)).not.toBe('');
  });

  it('does not begin when the signal was raised before', async () => {
    const heard = createListener();
    const asked = ask(harness().toGive({ blocks: [text('too late')] }));
    const outcome = await harness().model.sample(asked, heard, AbortSignal.abort());
    expect(outcome).toMatchObject({ type: 'interrupted', content: [] });
    expect(heard.texts).toEqual([]);
  });
}

function describeFailures(harness: () => ModelHarness, { failures }: ModelTraits): void {
  it.each(failures)('tells a failure (%i) as a result: %s, %s', async (status, type, disposition) => {
    const { outcome } = await give(harness(), { error: { status } });
    expect(outcome).toMatchObject({ type: 'failed', error: { type, disposition } });
    expect(outcome).not.toHaveProperty('error.too_long');
  });
}

/** What can be seen of requests and streams. */
function describeTraffic(harness: () => ModelHarness, { countsTokens }: ModelTraits): void {
  it('makes one request, and waits as the upstream wishes', async () => {
    const before = harness().seen().length;
    const { outcome } = await give(harness(), { error: { status: 429, headers: { 'retry-after': '7' } } });
    expect(outcome).toMatchObject({ error: { disposition: 'retry', retryAfterMs: 7_000 } });
    expect(harness().seen().length - before).toBe(1);
  });

  it('knows a prompt that is too long from another bad request', async () => {
    const { outcome } = await give(harness(), harness().tooLong);
    expect(outcome).toMatchObject({
      type: 'failed',
      error: { type: 'model_request_failed_error', disposition: 'exhausted', too_long: true },
    });
  });

  it.each(['cut', 'end'] as const)(
    'takes a stream that is broken off (%s) for a failure, and tries again',
    async (how) => {
      const { outcome } = await give(harness(), {
        blocks: [words(6), call('bash', {})],
        breakAfter: { events: 5, how },
      });
      expect(outcome).toMatchObject({
        type: 'failed',
        error: { type: 'model_request_failed_error', disposition: 'retry' },
      });
    },
  );

  it.each([0, 9])('never gives a call that was torn at the token limit (after %i characters)', async (tornAfter) => {
    const blocks = [text('so'), call('bash', { command: 'rm -rf /' })];
    const { outcome } = await give(harness(), { blocks, stop_reason: 'max_tokens', tornAfter });
    expect(outcome).toMatchObject({
      type: 'reply',
      stop_reason: 'max_tokens',
      content: [{ type: 'text', text: 'so' }],
    });
  });

  it('takes a call that is torn without reason for a broken reply', async () => {
    const { outcome } = await give(harness(), { blocks: [call('bash', { a: 1 })], tornAfter: 3 });
    expect(outcome).toMatchObject({ type: 'failed', error: { disposition: 'retry' } });
  });

  it('P8: hangs up when it is interrupted in a call, which never comes out', async () => {
    const controller = new AbortController();
    const blocks = [text('so'), call('bash', { command: 'a b c d e f g h i j k l m n o p q r s t' })];
    const asked = ask(harness().toGive({ blocks, tokenMs: 50, endMs: 400 }));
    const heard = createListener(() => setTimeout(() => controller.abort(), 200));
    const outcome = await harness().model.sample(asked, heard, controller.signal);
    expect(outcome).toMatchObject({ type: 'interrupted', content: [{ type: 'text', text: 'so' }] });
    const deadline = AbortSignal.timeout(5_000);
    while (!harness().seen().at(-1)?.aborted && !deadline.aborted) await new Promise((done) => setTimeout(done, 5));
    expect(harness().seen().at(-1)).toMatchObject({ aborted: true });
  });

  it('counts what the upstream counted, what came from its cache apart', async () => {
    const usage = { input_tokens: 3, output_tokens: 4, cache_read_input_tokens: 50 };
    const { outcome } = await give(harness(), { usage });
    if (countsTokens) expect(outcome.usage).toMatchObject(usage);
    else expect(outcome.usage).toMatchObject({ output_tokens: 2, cache_read_input_tokens: 0 });
  });

  it('sends system, tools, images, results and instructions in the midst', async () => {
    const outcome = await harness().model.sample(conversation(harness().toGive({})), createListener(), never());
    expect(outcome).toMatchObject({ type: 'reply' });
    const { raw = '' } = harness().seen().at(-1) ?? {};
    for (const part of [
      'You are terse.',
      'Runs it.',
      PIXEL,
      'https://example.com/a.png',
      'the file',
      'Be brief now.',
    ]) {
      expect(raw).toContain(part);
    }
  });
}

async function give(
  { model, toGive }: ModelHarness,
  reply: UpstreamReply,
): Promise<{ outcome: ModelOutcome; heard: RecordingListener }> {
  const heard = createListener();
  return { outcome: await model.sample(ask(toGive(reply)), heard, never()), heard };
}

function text(value: string) {
  return { type: 'text', text: value } as const;
}

function call(name: string, input: Record<string, unknown>) {
  return { type: 'tool_use', name, input } as const;
}

/** A request with this text as its only message. */
export function ask(said: string): ModelRequest {
  return {
    model: 'claude-test',
    max_tokens: 1000,
    messages: [{ role: 'user', content: [{ type: 'text', text: said }] }],
    tools: ['bash', 'write', 'edit'].map((name) => ({ name, input_schema: { type: 'object' } })),
  };
}

export interface RecordingListener extends ModelListener {
  starts: number[];
  texts: string[];
  thoughts: number[];
}

/** Keeps what it is told. */
export function createListener(onText: (text: string) => void = () => undefined): RecordingListener {
  const listener: RecordingListener = {
    starts: [],
    texts: [],
    thoughts: [],
    onTextStart: (index) => void listener.starts.push(index),
    onThinking: (index) => void listener.thoughts.push(index),
    onText: (_, piece) => {
      listener.texts.push(piece);
      onText(piece);
    },
  };
  return listener;
}

/** A signal that nobody raises. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/** The texts of an outcome's content. */
export function textOf(outcome: ModelOutcome): string {
  const content: ContentBlock[] = outcome.type === 'failed' ? [] : outcome.content;
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
}
