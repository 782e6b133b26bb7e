import { createOpenAIModel } from '../../src/model/openai.js';
import { ask, createListener, never } from '../contracts/model.js';
import { data, delta, DONE, finish, KEY, type OpenAIServer, startOpenAIServer } from './openai-server.js';

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer();
});
afterAll(() => server.close());

describe('what goes wrong', () => {
  type Row = [what: string, status: number, body: object | string, type: string, disposition: string];
  const table: Row[] = [
    [
      'a rate limit',
      429,
      { error: { message: 'slow down', code: 'rate_limit_exceeded' } },
      'model_rate_limited_error',
      'retry',
    ],
    ['an empty account', 429, { error: { message: 'no', code: 'insufficient_quota' } }, 'billing_error', 'exhausted'],
    ['a full queue', 503, { error: { message: 'server busy' } }, 'model_overloaded_error', 'retry'],
    [
      'a model that is loading',
      503,
      { error: { code: 503, message: 'Loading model' } },
      'model_overloaded_error',
      'retry',
    ],
    ['a broken server', 500, 'Internal Server Error', 'model_request_failed_error', 'retry'],
    ['a gateway', 502, '<html><h1>Bad Gateway</h1></html>', 'model_request_failed_error', 'retry'],
    ['a wrong key', 401, { error: { message: `bad ${KEY}` } }, 'model_request_failed_error', 'exhausted'],
    ['an unknown model', 404, { error: { message: 'model "m" not found' } }, 'model_request_failed_error', 'exhausted'],
    ['a bad request', 400, { detail: 'no tools here' }, 'model_request_failed_error', 'exhausted'],
    ['an unprocessable one', 422, { detail: [{ msg: 'x' }] }, 'model_request_failed_error', 'exhausted'],
  ];
  it.each(table)('%s', async (_, status, body, type, disposition) => {
    server.serve = (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const outcome = await server.model.sample(ask('hi'), createListener(), never());
    expect(outcome).toMatchObject({ type: 'failed', error: { type, disposition }, usage: { input_tokens: 0 } });
    expect(outcome).not.toHaveProperty('error.too_long');
    expect(JSON.stringify(outcome)).not.toContain(KEY);
    expect(JSON.stringify(outcome)).not.toContain('<');
  });

  it.each([
    [{ error: { message: 'boom', code: 500 } }, 'model_request_failed_error', 'retry'],
    [{ error: 'boom' }, 'model_request_failed_error', 'retry'],
    [{ error: { message: 'slow', code: 429 } }, 'model_rate_limited_error', 'retry'],
  ])('an error within the stream: %j', async (error, type, disposition) => {
    const { outcome } = await server.stream([delta({ content: 'so' }), data(error)]);
    expect(outcome).toMatchObject({ type: 'failed', error: { type, disposition } });
    expect(outcome.usage.output_tokens).toBe(1);
  });

  it('a prompt that is found too long within the stream', async () => {
    const { outcome } = await server.stream([
      data({ error: { code: 500, message: 'the request exceeds the available context size' } }),
    ]);
    expect(outcome).toMatchObject({ error: { disposition: 'exhausted', too_long: true } });
  });

  it.each([
    ['nonsense', [data('{nonsense'), finish('stop')]],
    ['another shape', [data({ choices: 'none' }), finish('stop')]],
    ['nothing', []],
    ['an end without a reason', [delta({ content: 'so' }), DONE]],
  ])('%s in place of a reply', async (_, lines) => {
    const { outcome } = await server.stream(lines);
    expect(outcome).toMatchObject({
      type: 'failed',
      error: { type: 'model_request_failed_error', disposition: 'retry' },
    });
  });

  it('silence, before the headers and after them', async () => {
    server.serve = () => undefined;
    const silent = await server.model.sample(ask('hi'), createListener(), never());
    expect(silent).toMatchObject({ error: { disposition: 'retry', message: expect.stringContaining('0.4 s') } });
    server.serve = (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': ok\n\n');
    const stalled = await server.model.sample(ask('hi'), createListener(), never());
    expect(stalled).toMatchObject({ error: { disposition: 'retry', message: expect.stringContaining('0.4 s') } });
  });

  it('nobody there', async () => {
    const gone = createOpenAIModel({ baseURL: 'http://127.0.0.1:1/v1' });
    expect(await gone.sample(ask('hi'), createListener(), never())).toMatchObject({
      error: { disposition: 'retry', message: expect.stringContaining('ECONNREFUSED') },
    });
  });
});
