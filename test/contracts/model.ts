import type { ContentBlock, Model, ModelListener, ModelOutcome, ModelRequest } from '../../src/model/model.js';

/** A model under test and how to make it say things: the scripted one by its language, a real one by its upstream. */
export interface ModelHarness {
  model: Model;
  /** The user's text after which the model says this text, quickly. */
  toSay(text: string): string;
  /** … after which it says so many words, slowly. */
  toSaySlowly(words: number): string;
  toThinkAndCall(thinking: string, name: string, input: Record<string, unknown>): string;
  toBeCut(text: string): string;
  toFail(status: number): string;
  close(): Promise<void>;
}

/** Everything a `Model` promises, over any backend. */
export function describeModel(name: string, create: () => Promise<ModelHarness>): void {
  describe(`model: ${name}`, () => {
    let harness: ModelHarness;
    beforeAll(async () => {
      harness = await create();
    });
    afterAll(() => harness.close());

    it('gives the reply and tells its text in order as it comes', async () => {
      const heard = createListener();
      const outcome = await harness.model.sample(ask(harness.toSay('one two three')), heard, never());
      expect(outcome).toMatchObject({ type: 'reply', stop_reason: 'end_turn', stop_details: null });
      expect(textOf(outcome)).toBe('one two three');
      expect(heard.texts.join('')).toBe('one two three');
      expect(heard.starts).toEqual([0]);
      expect(heard.texts.length).toBeGreaterThan(1);
      expect(outcome.usage.output_tokens).toBeGreaterThan(0);
      expect(outcome.usage.input_tokens).toBeGreaterThan(0);
    });

    it('gives thinking with its signature, and calls with their whole input', async () => {
      const heard = createListener();
      const input = { command: 'echo "hi"\nls', nested: { list: [1, null, 'ü'] } };
      const request = ask(harness.toThinkAndCall('hm', 'bash', input));
      const outcome = await harness.model.sample(request, heard, never());
      if (outcome.type !== 'reply') throw new Error(outcome.type);
      expect(outcome.stop_reason).toBe('tool_use');
      expect(outcome.content).toEqual([
        { type: 'thinking', thinking: 'hm', signature: expect.stringMatching(/./) },
        { type: 'tool_use', id: expect.stringMatching(/^[\w-]+$/), name: 'bash', input },
      ]);
      expect(heard.thoughts).toEqual([0]);
    });

    it('P8: stops at once when the signal is raised, with exactly what was shown', async () => {
      const controller = new AbortController();
      const heard = createListener((text) => {
        if (text.startsWith('w')) setTimeout(() => controller.abort(), 60);
      });
      const started = performance.now();
      const outcome = await harness.model.sample(ask(harness.toSaySlowly(400)), heard, controller.signal);
      expect(performance.now() - started).toBeLessThan(2_000);
      expect(outcome.type).toBe('interrupted');
      expect(textOf(outcome)).toBe(heard.texts.join(''));
      expect(textOf(outcome)).not.toBe('');
    });

    it('does not begin when the signal was raised before', async () => {
      const heard = createListener();
      const outcome = await harness.model.sample(ask(harness.toSay('too late')), heard, AbortSignal.abort());
      expect(outcome).toMatchObject({ type: 'interrupted', content: [] });
      expect(heard.texts).toEqual([]);
    });

    it('passes on that a reply was cut at the token limit', async () => {
      const outcome = await harness.model.sample(ask(harness.toBeCut('half a')), createListener(), never());
      expect(outcome).toMatchObject({ type: 'reply', stop_reason: 'max_tokens' });
      expect(textOf(outcome)).toBe('half a');
    });

    it.each([
      [529, 'model_overloaded_error', 'retry'],
      [429, 'model_rate_limited_error', 'retry'],
      [500, 'model_request_failed_error', 'retry'],
      [400, 'model_request_failed_error', 'exhausted'],
      [402, 'billing_error', 'exhausted'],
    ])('tells a failure (%i) as a result: %s, %s', async (status, type, disposition) => {
      const outcome = await harness.model.sample(ask(harness.toFail(status)), createListener(), never());
      expect(outcome).toMatchObject({ type: 'failed', error: { type, disposition } });
    });
  });
}

/** A request with this text as its only message. */
export function ask(text: string): ModelRequest {
  return {
    model: 'claude-test',
    max_tokens: 1000,
    messages: [{ role: 'user', content: [{ type: 'text', text }] }],
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
    onText: (_, text) => {
      listener.texts.push(text);
      onText(text);
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
