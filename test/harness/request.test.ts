import { checkRequest } from '../../bench/upstream-rules.js';
import { buildRequest } from '../../src/harness/request.js';
import type { MessageParam, ModelRequest } from '../../src/model/model.js';

const tool = (name: string) => ({ name, input_schema: { type: 'object' as const } });
const agent = { model: { id: 'claude-opus-5-5' }, system: 'Be brief.' };
const workspace = { cwd: '/workspace' };

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
  return buildRequest({ agent, messages: turns(count), tools: [tool('bash')], workspace });
}

function unmarked(value: unknown): string {
  return JSON.stringify(value).replaceAll(',"cache_control":{"type":"ephemeral"}', '');
}

describe('the request', () => {
  it('has four breakpoints: the tools, the system, and the last blocks of the last two user turns', () => {
    const messages = turns(3);
    const request = buildRequest({ agent, messages, tools: [tool('bash'), tool('read')], workspace });
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
    const withTools = buildRequest({ agent, messages: turns(1), tools: [tool('bash')], workspace });
    expect(withTools.system?.[0]?.text).toMatch(/^Be brief\.\n\nYou work in a Linux sandbox.*\/workspace.*no network/);
    const without = buildRequest({ agent: { ...agent, system: null }, messages: turns(1), tools: [], workspace });
    expect(without).not.toHaveProperty('system');
    expect(without).not.toHaveProperty('tools');
  });

  it('passes effort and speed on, and asks for no more tokens than the model gives', () => {
    const model = { id: 'claude-3-5-haiku-latest', effort: { type: 'low' as const }, speed: 'fast' as const };
    const request = buildRequest({ agent: { ...agent, model }, messages: turns(1), tools: [], workspace });
    expect(request).toMatchObject({ effort: 'low', speed: 'fast', max_tokens: 8192 });
    expect(buildRequest({ agent, messages: turns(1), tools: [], workspace })).toMatchObject({ max_tokens: 32_000 });
  });
});
