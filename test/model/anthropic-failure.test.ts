import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { startUpstream, type Upstream } from '../../bench/upstream.js';
import { words, type UpstreamReply } from '../../bench/upstream-reply.js';
import { createAnthropicModel } from '../../src/model/anthropic.js';
import type { Model, ModelOutcome } from '../../src/model/model.js';
import { ask, createListener, never, textOf } from '../contracts/model.js';

const KEY = 'sk-ant-test-0123456789';

let upstream: Upstream;
let model: Model;

beforeAll(async () => {
  upstream = await startUpstream({ apiKey: KEY });
  model = createAnthropicModel({ apiKey: KEY, baseURL: upstream.url, stallMs: 400 });
});
afterAll(() => upstream.close());
beforeEach(() => upstream.queue.splice(0));

function sample(reply: UpstreamReply): Promise<ModelOutcome> {
  upstream.queue.push(reply);
  return model.sample(ask('hi'), createListener(), never());
}

describe('what a failure means', () => {
  const table: [what: string, error: NonNullable<UpstreamReply['error']>, type: string, disposition: string][] = [
    ['rate limit', { status: 429, type: 'rate_limit_error' }, 'model_rate_limited_error', 'retry'],
    ['overload', { status: 529, type: 'overloaded_error' }, 'model_overloaded_error', 'retry'],
    ['overload in a 503', { status: 503, type: 'overloaded_error' }, 'model_overloaded_error', 'retry'],
    ['internal error', { status: 500, type: 'api_error' }, 'model_request_failed_error', 'retry'],
    ['bad gateway', { status: 502 }, 'model_request_failed_error', 'retry'],
    ['unavailable', { status: 503 }, 'model_request_failed_error', 'retry'],
    ['gateway timeout', { status: 504, type: 'timeout_error' }, 'model_request_failed_error', 'retry'],
    ['request timeout', { status: 408 }, 'model_request_failed_error', 'retry'],
    ['bad request', { status: 400, type: 'invalid_request_error' }, 'model_request_failed_error', 'exhausted'],
    ['unknown model', { status: 404, type: 'not_found_error' }, 'model_request_failed_error', 'exhausted'],
    ['too large', { status: 413, type: 'request_too_large' }, 'model_request_failed_error', 'exhausted'],
    ['unprocessable', { status: 422 }, 'model_request_failed_error', 'exhausted'],
    ['wrong key', { status: 401, type: 'authentication_error' }, 'model_request_failed_error', 'exhausted'],
    ['forbidden', { status: 403, type: 'permission_error' }, 'model_request_failed_error', 'exhausted'],
    ['no credit', { status: 402, type: 'billing_error' }, 'billing_error', 'exhausted'],
    [
      'spend limit in a 429',
      { status: 429, type: 'rate_limit_error', error_code: 'enforced_spend_limit_reached' },
      'billing_error',
      'exhausted',
    ],
    [
      'an upstream that says not to retry',
      { status: 500, headers: { 'x-should-retry': 'false' } },
      'model_request_failed_error',
      'exhausted',
    ],
  ];
  it.each(table)('%s', async (_, error, type, disposition) => {
    const before = upstream.requests.length;
    const outcome = await sample({ error });
    expect(outcome).toMatchObject({ type: 'failed', error: { type, disposition } });
    // Exactly one upstream request: the session counts and logs the attempts.
    expect(upstream.requests.length - before).toBe(1);
  });

  it.each([
    [{ 'retry-after': '7' }, 7000, 7000],
    [{ 'retry-after': '0.5' }, 500, 500],
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1500, 1500],
    [{ 'retry-after': new Date(Date.now() + 60_000).toUTCString() }, 50_000, 60_000],
  ])('honours %j', async (headers, least, most) => {
    const outcome = await sample({ error: { status: 429, headers } });
    if (outcome.type !== 'failed') throw new Error(outcome.type);
    expect(outcome.error.retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(outcome.error.retryAfterMs).toBeLessThanOrEqual(most);
  });

  it.each([{ 'retry-after': 'soon' }, { 'retry-after': '-3' }, { 'retry-after': 'Sat, 01 Jan 2000 00:00:00 GMT' }])(
    'makes nothing of %j',
    async (headers) => {
      const outcome = await sample({ error: { status: 429, headers } });
      expect(outcome).toMatchObject({ type: 'failed' });
      expect(outcome).not.toHaveProperty('error.retryAfterMs');
    },
  );

  it('P4: no message carries the key, even when the upstream quotes it', async () => {
    const message = `bad key ${KEY}\nBearer abcdefghijkl`;
    const outcome = await sample({ error: { status: 401, type: 'authentication_error', message } });
    if (outcome.type !== 'failed') throw new Error(outcome.type);
    expect(outcome.error.message).toBe(
      "The model's API refused or failed the request (401 authentication_error): bad key [key] Bearer [key]",
    );
  });
});

describe('a stream that breaks', () => {
  it.each([
    ['is reset', 'cut'],
    ['ends early', 'end'],
    ['stalls', 'stall'],
    ['tells of an internal error', { type: 'api_error', message: 'oh' }],
  ] as const)('%s: another try, with the usage known so far', async (_, how) => {
    const outcome = await sample({ blocks: [words(5)], usage: { input_tokens: 77 }, breakAfter: { events: 4, how } });
    expect(outcome).toMatchObject({
      type: 'failed',
      error: { type: 'model_request_failed_error', disposition: 'retry' },
      usage: { input_tokens: 77 },
    });
  });

  it('tells of overload after 200', async () => {
    const how = { type: 'overloaded_error', message: 'Overloaded' };
    const outcome = await sample({ blocks: [words(5)], breakAfter: { events: 3, how } });
    expect(outcome).toMatchObject({ error: { type: 'model_overloaded_error', disposition: 'retry' } });
  });

  it('is no stall while it is slow', async () => {
    const outcome = await sample({ blocks: [words(6)], tokenMs: 150 });
    expect(textOf(outcome)).toBe('w0 w1 w2 w3 w4 w5');
  });

  it('never gets headers: another try', async () => {
    const silent = createServer();
    const deaf = createAnthropicModel({ apiKey: KEY, baseURL: await listen(silent), stallMs: 200 });
    const outcome = await deaf.sample(ask('hi'), createListener(), never());
    silent.close();
    expect(outcome).toMatchObject({
      error: { type: 'model_request_failed_error', disposition: 'retry', message: expect.stringContaining('0.2 s') },
    });
  });

  it('finds nobody listening: another try, and the reason', async () => {
    const closed = createServer();
    const gone = createAnthropicModel({ apiKey: KEY, baseURL: await listen(closed) });
    closed.close();
    const outcome = await gone.sample(ask('hi'), createListener(), never());
    expect(outcome).toMatchObject({
      error: { disposition: 'retry', message: expect.stringContaining('ECONNREFUSED') },
    });
  });
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('not listening');
  return `http://127.0.0.1:${address.port}`;
}
