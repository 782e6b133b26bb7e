import { sign } from '../../bench/upstream-reply.js';
import { checkRequest } from '../../bench/upstream-rules.js';
import { NO_USAGE } from '../../src/harness/activity-results.js';
import { grade } from '../../src/harness/evaluation/grading.js';
import { gradingTask, lastWords } from '../../src/harness/evaluation/grading-task.js';
import { createContext } from '../../src/harness/context/context.js';
import type { ContentBlock, MessageParam, ModelOutcome } from '../../src/model/model.js';

const USAGE = { ...NO_USAGE, input_tokens: 10, output_tokens: 2 };

let calls = 0;
const call = (name: string, input: unknown): ContentBlock => ({
  type: 'tool_use',
  id: `toolu_${calls++}`,
  name,
  input,
});
const say = (text: string): ContentBlock => ({ type: 'text', text, citations: null });
const verdict = (result: string, explanation: unknown = 'so') => call('give_verdict', { result, explanation });

function reply(...content: ContentBlock[]): ModelOutcome {
  const stop_reason = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
  return { type: 'reply', content, stop_reason, stop_details: null, usage: USAGE };
}

const isSigned = (thinking: string, signature: string): boolean => sign(thinking) === signature;

/** Grades with these replies; each request must be one that the Messages API takes. */
async function graded(replies: ModelOutcome[], { room = 10_000, shows = 'text', most = Infinity } = {}) {
  const asked: MessageParam[][] = [];
  const looks: unknown[] = [];
  const result = await grade({
    task: 'Grade this.',
    room,
    mayGoOn: ({ input_tokens }) => input_tokens < most,
    ask: async (messages) => {
      expect(checkRequest({ model: 'm', max_tokens: 1, messages }, { isSigned })).toBeUndefined();
      asked.push(messages);
      const next = replies[asked.length - 1];
      if (!next) throw new Error('no reply');
      return next;
    },
    look: async ({ input }) => {
      looks.push(input);
      return { type: 'result', content: [{ type: 'text', text: shows }], is_error: false };
    },
  });
  return { result, asked, looks };
}

const lastOf = (asked: MessageParam[][]): string => JSON.stringify(asked.at(-1)?.at(-1));

test('a verdict ends it; what was looked at before is told, and all requests count', async () => {
  const { result, asked, looks } = await graded([
    reply(say('I look.'), call('read', { file_path: 'a' }), call('glob', { pattern: '*' })),
    reply(verdict('needs_revision', 'No title.')),
  ]);
  expect(result).toEqual({
    type: 'verdict',
    verdict: { result: 'needs_revision', explanation: 'No title.' },
    usage: { ...NO_USAGE, input_tokens: 20, output_tokens: 4 },
  });
  expect(looks).toEqual([{ file_path: 'a' }, { pattern: '*' }]);
  expect(asked).toHaveLength(2);
  expect(lastOf(asked).match(/"tool_result"/g)).toHaveLength(2);
});

test.each([
  ['an unknown result', verdict('perfect'), /result must be one of satisfied, needs_revision, failed/],
  ['no explanation', verdict('satisfied', ''), /explanation must be text/],
  ['nothing', call('give_verdict', {}), /result must be one of/],
])('a verdict with %s is sent back', async (_, bad, reason) => {
  const { result, asked } = await graded([reply(bad), reply(verdict('satisfied'))]);
  expect(lastOf(asked)).toMatch(reason);
  expect(result).toMatchObject({ type: 'verdict', verdict: { result: 'satisfied' } });
});

test.each([
  ['words alone', reply(say('It is good.'))],
  ['nothing', reply()],
])('a reply of %s is answered with a request for the verdict', async (_, first) => {
  const { result, asked } = await graded([first, reply(verdict('failed'))]);
  expect(lastOf(asked)).toContain('Give your verdict with the tool give_verdict.');
  expect(result).toMatchObject({ verdict: { result: 'failed' } });
});

test('one that gives none is asked twenty times, the last time for nothing else', async () => {
  const { result, asked } = await graded(Array.from({ length: 20 }, () => reply(call('read', { file_path: 'a' }))));
  expect(asked).toHaveLength(20);
  expect(lastOf(asked)).toContain('give your verdict now');
  expect(lastOf(asked.slice(0, -1))).not.toContain('give your verdict now');
  expect(result).toMatchObject({
    type: 'failed',
    error: { disposition: 'exhausted', message: expect.stringMatching(/no verdict in 20/) },
  });
});

test('it stops before a request for which there is no money, and gives a verdict that it has all the same', async () => {
  const looks = Array.from({ length: 5 }, () => reply(call('read', { file_path: 'a' })));
  const { result, asked } = await graded(looks, { most: 25 });
  expect(result).toEqual({ type: 'budget_reached', usage: { ...NO_USAGE, input_tokens: 30, output_tokens: 6 } });
  expect(asked).toHaveLength(3);
  const { result: last } = await graded([...looks.slice(0, 2), reply(verdict('satisfied'))], { most: 25 });
  expect(last).toMatchObject({ type: 'verdict', usage: { input_tokens: 30 } });
});

test('what it may read is bounded', async () => {
  const many = Array.from({ length: 5 }, () => call('read', { file_path: 'a' }));
  const { looks, asked } = await graded([reply(...many), reply(verdict('satisfied'))], {
    room: 250,
    shows: 'x'.repeat(100),
  });
  expect(looks).toHaveLength(3);
  expect(lastOf(asked).match(/You have read as much as you can/g)).toHaveLength(2);
  expect(lastOf(asked)).toContain('give your verdict now');
});

test.each<[string, ModelOutcome, object]>([
  [
    'a failure',
    {
      type: 'failed',
      error: { type: 'model_overloaded_error', message: 'busy', disposition: 'retry', retryAfterMs: 5 },
      usage: USAGE,
    },
    { type: 'failed', error: { disposition: 'retry', retryAfterMs: 5 } },
  ],
  [
    'a conversation that is too long, which no compaction helps',
    {
      type: 'failed',
      error: { type: 'model_request_failed_error', message: 'long', disposition: 'retry', too_long: true },
      usage: USAGE,
    },
    { type: 'failed', error: { type: 'model_request_failed_error', message: 'long', disposition: 'exhausted' } },
  ],
  [
    'a refusal',
    { ...reply(say('no')), stop_reason: 'refusal' } as ModelOutcome,
    { error: { message: expect.stringMatching(/refused/) } },
  ],
  ['an interrupt', { type: 'interrupted', content: [], usage: USAGE }, { type: 'interrupted' }],
])('%s ends it, with what was used', async (_, end, expected) => {
  const { result } = await graded([reply(call('read', {})), end]);
  expect(result).toMatchObject({ ...expected, usage: { input_tokens: 20 } });
  expect(result).not.toHaveProperty('error.too_long');
});

test('the task names the outcome, the rubric and what was said, and files only where there may be some', () => {
  const definition = {
    id: 'e',
    type: 'user.define_outcome',
    outcome_id: 'outc_1',
    description: 'A poem.',
    rubric: { type: 'text', content: 'It rhymes.' },
    max_iterations: null,
    processed_at: '',
  } as const;
  const context = createContext();
  expect(lastWords(context)).toBe('(nothing)');
  context.turn.reply = [say('a'.repeat(30_000)), say('end')];
  expect(lastWords(context)).toHaveLength(20_005);
  expect(lastWords(context)).toMatch(/end$/);
  const task = gradingTask(definition, 'Here it is.', '/out');
  for (const part of ['A poem.', 'It rhymes.', 'Here it is.', 'in /out;']) expect(task).toContain(part);
  expect(gradingTask(definition, 'x', undefined)).toContain('no files that you could look at');
});
