import { startUpstream } from '../../bench/upstream.js';
import { createAnthropicModel } from '../../src/model/anthropic.js';
import { isTooLong } from '../../src/model/too-long.js';
import { ask, createListener, never } from '../contracts/model.js';

const said = (message: string) => ({ status: 400, type: null, code: null, message });

test.each([
  ['Anthropic, Vertex', said('prompt is too long: 210000 tokens > 200000 maximum')],
  ['Anthropic, older', said('input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000')],
  ['Anthropic, by size', { status: 413, type: 'request_too_large', code: null, message: '' }],
  ['Bedrock', said('Input is too long for requested model.')],
  ['OpenAI', { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', message: '' }],
  ['vLLM', said("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.")],
  ['vLLM, newer', said('The decoder prompt (length 5000) is longer than the maximum model length of 4096.')],
  ['llama.cpp', { status: 400, type: 'exceed_context_size_error', code: null, message: '' }],
  ['llama.cpp, in words', said('the request exceeds the available context size, try increasing it')],
  ['Ollama', said('the input length exceeds the context length')],
  ['LM Studio', said('the model is loaded with context length of only 4096 tokens')],
  ['an error within a stream', { ...said('prompt is too long'), status: undefined }],
])('a prompt that does not fit, as %s says it', (_, facts) => {
  expect(isTooLong(facts)).toBe(true);
});

test.each([
  ['a bad field', said('max_tokens: must be at least 1')],
  ['a long name', said('tools.0.name: String should have at most 128 characters')],
  ['a rate limit that speaks of tokens', { ...said('too many tokens: maximum context length'), status: 429 }],
  ['an overload', { ...said('prompt is too long'), status: 503 }],
])('%s is another matter', (_, facts) => {
  expect(isTooLong(facts)).toBe(false);
});

test('the upstream’s refusal of a long prompt is known, and a shorter one passes', async () => {
  const upstream = await startUpstream({ contextWindow: 200 });
  const model = createAnthropicModel({ apiKey: 'k', baseURL: upstream.url });
  const sample = (text: string) => model.sample(ask(text), createListener(), never());
  expect(await sample('a'.repeat(2_000))).toMatchObject({ error: { too_long: true, disposition: 'exhausted' } });
  expect(await sample('a')).toMatchObject({ type: 'reply' });
  await upstream.close();
});
