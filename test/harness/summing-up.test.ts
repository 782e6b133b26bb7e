import { summaryMessages } from '../../src/harness/compaction/summary-request.js';
import { estimateTokens } from '../../src/harness/compaction/size.js';
import { shorten } from '../../src/harness/compaction/shorten.js';
import type { Told } from '../../src/harness/context/open-turn.js';
import { NO_USAGE } from '../../src/harness/activity-results.js';
import { sumUp } from '../../src/harness/compaction/summing-up.js';
import type { MessageParam, ModelOutcome } from '../../src/model/model.js';

const USAGE = { ...NO_USAGE, input_tokens: 10, output_tokens: 2 };

function told(text: string, stop_reason = 'end_turn'): ModelOutcome {
  const content = text === '' ? [] : [{ type: 'text' as const, text, citations: null }];
  return { type: 'reply', content, stop_reason, stop_details: null, usage: USAGE };
}

function failed(too_long: boolean): ModelOutcome {
  const error = { type: 'model_request_failed_error', message: 'no', disposition: 'exhausted' } as const;
  return { type: 'failed', error: { ...error, ...(too_long ? { too_long } : {}) }, usage: USAGE };
}

/** So many turns of about a hundred tokens each. */
function turns(count: number): Told[] {
  return Array.from({ length: count * 2 }, (_, index) => ({
    message: {
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: `${index} `.repeat(70) }],
    },
    cut: index,
  }));
}

/** Asks, and gives what was asked. */
async function ask(part: Told[], room: number, answers: (asked: MessageParam[]) => ModelOutcome) {
  const asked: MessageParam[][] = [];
  const result = await sumUp({ part, room }, async (messages) => {
    asked.push(messages);
    return answers(messages);
  });
  return { result, asked };
}

describe('a summary', () => {
  it('is asked for in one request when that has room for all', async () => {
    const { result, asked } = await ask(turns(5), 2_000, () => told('all'));
    expect(result).toEqual({ type: 'told', text: 'all', usage: USAGE });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toHaveLength(11);
    expect(JSON.stringify(asked[0]?.at(-1))).toContain('about to be replaced by a summary');
  });

  it('is asked for in several, each of which takes over the one before', async () => {
    let count = 0;
    const { result, asked } = await ask(turns(20), 1_500, () => told(`part ${++count}`));
    expect(asked.length).toBeGreaterThan(1);
    expect(result).toMatchObject({ type: 'told', text: `part ${asked.length}`, usage: { input_tokens: 10 * count } });
    for (const [index, messages] of asked.entries()) {
      expect(estimateTokens(messages)).toBeLessThan(1_500);
      expect(JSON.stringify(messages).includes(`part ${index}`)).toBe(index > 0);
    }
  });

  it('is asked for in smaller parts when those are too long for the upstream, whose window may be smaller than said', async () => {
    const { result, asked } = await ask(turns(20), 4_000, (messages) =>
      estimateTokens(messages) > 1_500 ? failed(true) : told('some'),
    );
    expect(result).toMatchObject({ type: 'told', text: 'some', usage: { input_tokens: 10 * asked.length } });
  });

  it('is given up when even the smallest part is too long, and at once for any other reason', async () => {
    const tooLong = await ask(turns(20), 4_000, () => failed(true));
    expect(tooLong.result).toMatchObject({ type: 'failed', error: { too_long: true }, usage: { input_tokens: 30 } });
    const other = await ask(turns(20), 4_000, () => failed(false));
    expect(other.asked).toHaveLength(1);
    expect(other.result).toMatchObject({ type: 'failed', error: { disposition: 'exhausted' } });
  });

  it.each([told(''), told('I would rather not.', 'refusal')])(
    'that is none is asked for again, later',
    async (none) => {
      const { result } = await ask(turns(2), 2_000, () => none);
      expect(result).toMatchObject({ type: 'failed', error: { disposition: 'retry' }, usage: USAGE });
    },
  );

  it('that is interrupted has cost what it cost', async () => {
    const { result } = await ask(turns(2), 2_000, () => ({ type: 'interrupted', content: [], usage: USAGE }));
    expect(result).toEqual({ type: 'interrupted', usage: USAGE });
  });
});

describe('the request’s last message', () => {
  const user: MessageParam = { role: 'user', content: 'go' };
  const assistant: MessageParam = { role: 'assistant', content: [{ type: 'text', text: 'done' }] };
  const system: MessageParam = { role: 'system', content: 'be quick' };

  it.each<[string, MessageParam[], string[]]>([
    ['the user’s', [user], ['user']],
    ['the model’s', [user, assistant], ['user', 'assistant', 'user']],
    ['an instruction', [user, assistant, user, system], ['user', 'assistant', 'user', 'system']],
  ])('behind %s', (_, messages, roles) => {
    expect(summaryMessages(messages, null).map(({ role }) => role)).toEqual(roles);
  });

  it('begins with the summary so far, as a message of its own before one of the model’s', () => {
    expect(summaryMessages([assistant], 'so far').map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    const [first, ...rest] = summaryMessages([user], 'so far');
    expect(rest).toEqual([]);
    expect(first?.content).toHaveLength(3);
  });
});

describe('messages that are too long', () => {
  const call: MessageParam = {
    role: 'assistant',
    content: [{ type: 'tool_use', id: 't', name: 'write', input: { content: 'x'.repeat(50_000), path: '/a' } }],
  };
  const result: MessageParam = {
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 't',
        content: [
          { type: 'text', text: `begin${'y'.repeat(80_000)}end` },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
        ],
      },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'z'.repeat(9_000) }, title: 'T' },
      { type: 'text', text: 'short' },
    ],
  };

  it('lose the middle of long texts, and pictures and files say that they were there', () => {
    const [shortCall, shortResult] = shorten([call, result], 2_000);
    expect(estimateTokens([call, result])).toBeGreaterThan(30_000);
    expect(estimateTokens([shortCall, shortResult].flatMap((message) => message ?? []))).toBeLessThan(2_000);
    expect(shortCall?.content?.[0]).toMatchObject({ type: 'tool_use', id: 't', input: { path: '/a' } });
    const text = JSON.stringify(shortResult);
    expect(text).toMatch(/begin.*characters were left out here.*end/);
    expect(text).toContain('[An image was here.]');
    expect(text).toContain('[A document was here: T.]');
    expect(shortResult?.content?.at(-1)).toEqual({ type: 'text', text: 'short' });
  });

  it('stay as they are when they are short enough', () => {
    expect(shorten([call, result], 100_000)).toEqual([call, result]);
  });
});
