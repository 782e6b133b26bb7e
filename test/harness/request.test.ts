import { checkRequest } from '../../bench/upstream-rules.js';
import { buildRequest, buildSummaryRequest } from '../../src/harness/context/request.js';
import type { MessageParam, ModelRequest } from '../../src/model/model.js';

const tool = (name: string) => ({ name, input_schema: { type: 'object' as const } });
const agent = { model: { id: 'claude-opus-5-5' }, system: 'Be brief.' };
const common = {
  workspace: { cwd: '/workspace' },
  facts: { context_window: 200_000, max_output_tokens: 32_000, takes_system_messages: true },
};

function turns(count: number): MessageParam[] {
  return Array.from({ length: count * 2 - 1 }, (_, index) => ({
    role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: [
      { type: 'text' as const, text: 'a' },
      { type: 'text' as const, text: `turn ${index}` },
    ],
  }));
}

function marks(value: unknown): number {
  return JSON.stringify(value).split('cache_control').length - 1;
}

function build(count: number): ModelRequest {
  return buildRequest({ agent, messages: turns(count), tools: [tool('bash')], ...common });
}

function unmarked(value: unknown): string {
  return JSON.stringify(value).replaceAll(',"cache_control":{"type":"ephemeral"}', '');
}

function longestReplies(context_window: number, max_output_tokens: number): number[] {
  const facts = { ...common.facts, context_window, max_output_tokens };
  const input = { agent, messages: turns(1), tools: [], ...common, facts };
  return [buildRequest(input).max_tokens, buildSummaryRequest(input).max_tokens];
}

describe('the request', () => {
  it('has four breakpoints: the tools, the system, and the last blocks of the last two user turns', () => {
    const messages = turns(3);
    const request = buildRequest({ agent, messages, tools: [tool('bash'), tool('read')], ...common });
    expect(checkRequest(request, { isSigned: () => true })).toBeUndefined();
    expect(marks(request)).toBe(4);
    expect(request.tools?.[1]).toHaveProperty('cache_control');
    expect(request.messages.map(marks)).toEqual([0, 0, 1, 0, 1]);
    expect(request.messages[4]?.content?.[1]).toHaveProperty('cache_control');
    expect(marks(messages)).toBe(0);
  });

  it('begins as the one before it, whatever the hour, so that the cache holds', () => {
    expect(build(2).system).toEqual(build(3).system);
    expect(build(2).tools).toEqual(build(3).tools);
    expect(unmarked(build(3).messages).startsWith(unmarked(build(2).messages).slice(0, -1))).toBe(true);
  });

  it('says where the agent works when it has tools, and nothing of its own when it has none', () => {
    const withTools = buildRequest({ agent, messages: turns(1), tools: [tool('bash')], ...common });
    expect(withTools.system?.[0]?.text).toMatch(/^Be brief\.\n\nYou work in a Linux sandbox.*\/workspace.*no network/);
    const workspace = { cwd: '/workspace', holds: 'There is more.' };
    const more = buildRequest({ agent, messages: turns(1), tools: [tool('bash')], ...common, workspace });
    expect(more.system?.[0]?.text).toBe(`${withTools.system?.[0]?.text}\n\nThere is more.`);
    const without = buildRequest({ agent: { ...agent, system: null }, messages: turns(1), tools: [], ...common });
    expect(without).not.toHaveProperty('system');
    expect(without).not.toHaveProperty('tools');
  });

  it('passes effort, speed and place on', () => {
    const model = {
      id: 'claude-opus-5-5',
      effort: { type: 'low' as const },
      speed: 'fast' as const,
      inference_geo: 'us',
    };
    const request = buildRequest({ agent: { ...agent, model }, messages: turns(1), tools: [], ...common });
    expect(request).toMatchObject({ effort: 'low', speed: 'fast', inference_geo: 'us' });
  });

  it('asks for no more tokens than the model gives, nor for more than a compacted conversation leaves room for', () => {
    expect(longestReplies(200_000, 32_000)).toEqual([32_000, 20_000]);
    expect(longestReplies(200_000, 8_192)).toEqual([8_192, 8_192]);
    expect(longestReplies(30_000, 32_000)).toEqual([6_000, 3_000]);
  });
});

describe('the request for a summary', () => {
  const summary = buildSummaryRequest({ agent, messages: turns(3), tools: [tool('bash'), tool('read')], ...common });

  it('is the same request, but for calls, which it forbids', () => {
    const {
      messages,
      max_tokens: _,
      ...request
    } = buildRequest({
      agent,
      messages: turns(3),
      tools: [tool('bash'), tool('read')],
      ...common,
    });
    expect(summary).toMatchObject({ ...request, tool_choice: 'none' });
    expect(unmarked(summary.messages)).toBe(unmarked(messages));
  });

  it('has no breakpoint in its messages', () => {
    expect(marks(summary.messages)).toBe(0);
    expect(marks(summary)).toBe(2);
  });

  it('tells a model that takes no system messages the same in the user’s message before them', () => {
    const messages: MessageParam[] = [...turns(1), { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] }];
    const told = buildRequest({ agent, messages, tools: [], ...common });
    expect(told.messages.map(({ role }) => role)).toEqual(['user', 'system']);
    const facts = { ...common.facts, takes_system_messages: false };
    const joined = buildRequest({ agent, messages, tools: [], ...common, facts });
    expect(joined.messages.map(({ role }) => role)).toEqual(['user']);
    expect(unmarked(joined.messages[0]?.content?.at(-1))).toContain('Be kind.');
    expect(checkRequest(joined, { isSigned: () => true })).toBeUndefined();
  });
});
