import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { startUpstream, type Upstream } from '../../bench/upstream.js';
import { openModels } from '../../src/bin/models.js';
import type { Config } from '../../src/config/config.js';
import { readConfig } from '../../src/config/config.js';
import type { ModelsConfig } from '../../src/config/models-file.js';
import { createModels } from '../../src/model/models.js';
import { routeOf } from '../../src/model/routes.js';
import { DIALECTS } from '../contracts/chat-dialects.js';
import { type ChatUpstream, startChatUpstream } from '../contracts/chat-upstream.js';
import { ask, createListener, never, textOf } from '../contracts/model.js';

let messages: Upstream;
let chat: ChatUpstream;
beforeAll(async () => {
  messages = await startUpstream({
    apiKey: 'key-of-anthropic',
    answer: () => ({ blocks: [{ type: 'text', text: 'M' }] }),
  });
  chat = await startChatUpstream(DIALECTS.openai);
});
afterAll(async () => {
  await messages.close();
  await chat.close();
});

const PRICE = { input: '1', cache_write_5m: '1.25', cache_write_1h: '2', cache_read: '0.1', output: '5' };

function config(): ModelsConfig {
  return {
    backends: {
      claude: { type: 'anthropic', base_url: messages.url, api_key_env: 'A_KEY' },
      local: { type: 'openai', base_url: chat.url },
      script: { type: 'scripted' },
    },
    models: {
      'claude-*': { backend: 'claude' },
      'claude-special': { backend: 'claude', upstream_model: 'claude-opus-5-5', price: PRICE, display_name: 'Special' },
      'eu-*': { backend: 'claude', upstream_model: 'europe/*-v1' },
      llama: { backend: 'local', upstream_model: 'llama3.2:3b', context_window: 8_000, takes_system_messages: false },
      scripted: { backend: 'script' },
    },
    secrets: { A_KEY: 'key-of-anthropic' },
  };
}

const CHAT_REPLY = JSON.stringify({ blocks: [{ type: 'text', text: 'C' }] } satisfies UpstreamReply);
const sample = (model: string, max_tokens = 32_000) =>
  createModels(config()).model.sample({ ...ask(CHAT_REPLY), model, max_tokens }, createListener(), never());

describe('a model is served', () => {
  it.each([
    ['claude-opus-5-5', 'M', 'claude-opus-5-5'],
    ['claude-special', 'M', 'claude-opus-5-5'],
    ['eu-claude-x', 'M', 'europe/claude-x-v1'],
  ])('%s by the Messages API, with its key', async (id, said, upstream) => {
    expect(textOf(await sample(id))).toBe(said);
    expect(messages.requests.at(-1)?.body.model).toBe(upstream);
  });

  it('llama by chat completions, with a reply that fits its window', async () => {
    expect(textOf(await sample('llama'))).toBe('C');
    expect(JSON.parse(chat.requests.at(-1)?.raw ?? '')).toMatchObject({ model: 'llama3.2:3b', max_tokens: 2_000 });
    await sample('llama', 100);
    expect(JSON.parse(chat.requests.at(-1)?.raw ?? '')).toMatchObject({ max_tokens: 100 });
  });

  it('scripted by the scripted model', async () => {
    expect(textOf(await sample('scripted'))).toContain('scripted stand-in');
  });

  it('not at all when no entry is for it: the failure says which there are', async () => {
    expect(await sample('gpt-9')).toEqual({
      type: 'failed',
      error: {
        type: 'model_request_failed_error',
        message:
          'There is no model "gpt-9" here. These are configured: claude-*, claude-special, eu-*, llama, scripted.',
        disposition: 'exhausted',
      },
      usage: expect.objectContaining({ input_tokens: 0 }),
    });
  });

  it('by the longest beginning, whatever the order', () => {
    const models = { '*': { backend: 'a' }, 'x-y-*': { backend: 'c' }, 'x-*': { backend: 'b' } };
    const backends = ['q', 'x-1', 'x-y-1', 'x-'].map((id) => routeOf(models, id)?.entry.backend);
    expect(backends).toEqual(['a', 'b', 'c', 'b']);
    expect(routeOf({ toString: { backend: 'a' } }, 'valueOf')).toBeUndefined();
    expect(routeOf({}, 'constructor')).toBeUndefined();
  });
});

describe('what is known of a model', () => {
  it('is what its entry says, and else what is publicly known', () => {
    const { factsOf, priceOf } = createModels(config());
    expect(factsOf('llama')).toEqual({ context_window: 8_000, max_output_tokens: 2_000, takes_system_messages: false });
    expect(factsOf('claude-opus-5-5')).toMatchObject({ context_window: 200_000, takes_system_messages: true });
    expect(factsOf('claude-3-haiku-20240307')).toMatchObject({
      max_output_tokens: 4_096,
      takes_system_messages: false,
    });
    expect([priceOf('claude-special'), priceOf('claude-opus-5-5'), priceOf('nobody')]).toEqual([
      PRICE,
      undefined,
      undefined,
    ]);
  });
});

/** A server of model lists, in the Messages API's way or in chat completions'. */
async function lists(body: object, status = 200): Promise<{ url: string; asked: string[]; close(): void }> {
  const asked: string[] = [];
  const answer: RequestListener = ({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, close: () => server.close().closeAllConnections() };
}

const offered = (id: string) => ({ id, type: 'model', display_name: id, created_at: '2026-01-01T00:00:00Z' });

describe('the list of models', () => {
  it('has those with an entry, and what backends offer under a *', async () => {
    const anthropic = await lists({ data: ['claude-b', 'claude-special', 'other'].map(offered), has_more: false });
    const ollama = await lists({ data: [{ id: 'qwen3:4b', created: 1_760_000_000 }, { id: 'phi' }] });
    const { models, ...rest } = config();
    const listed = await createModels({
      ...rest,
      backends: {
        ...rest.backends,
        claude: { type: 'anthropic', base_url: anthropic.url },
        local: { type: 'openai', base_url: `${ollama.url}/v1` },
      },
      models: { ...models, 'qwen*': { backend: 'local', context_window: 4_000 } },
    }).list();
    expect(listed.map(({ id }) => id)).toEqual(['claude-special', 'llama', 'scripted', 'claude-b', 'qwen3:4b']);
    expect(listed[0]).toMatchObject({
      display_name: 'Special',
      max_input_tokens: 200_000,
      created_at: '1970-01-01T00:00:00Z',
    });
    expect(listed.at(-1)).toMatchObject({
      max_input_tokens: 4_000,
      max_tokens: 1_000,
      created_at: '2025-10-09T08:53:20Z',
    });
    anthropic.close();
    ollama.close();
  });

  it('without a file is the upstream’s own, asked for once in a while', async () => {
    const anthropic = await lists({ data: [offered('claude-b')], has_more: false });
    const { list } = openModels(configured({ ANTHROPIC_API_KEY: 'k', DROVER_UPSTREAM_URL: anthropic.url }));
    expect(await list()).toEqual([offered('claude-b')]);
    expect(await list()).toHaveLength(1);
    expect(anthropic.asked).toHaveLength(1);
    anthropic.close();
  });

  it('without a file and a key is the scripted model', async () => {
    expect(await openModels(configured({})).list()).toMatchObject([
      {
        id: 'scripted',
        display_name: 'Scripted model (offline stand-in)',
        max_input_tokens: 200_000,
        max_tokens: 32_000,
      },
    ]);
  });

  it('says so when an upstream does not answer', async () => {
    const broken = await lists({}, 500);
    const { list } = openModels(configured({ ANTHROPIC_API_KEY: 'k', DROVER_UPSTREAM_URL: broken.url }));
    await expect(list()).rejects.toMatchObject({ type: 'unavailable_error' });
    broken.close();
  });
});

function configured(env: NodeJS.ProcessEnv): Config {
  return readConfig({ ...env, DROVER_DATA: '/nonexistent' });
}

describe('without a file', () => {
  it('every model is the upstream’s', async () => {
    const env = { ANTHROPIC_API_KEY: 'key-of-anthropic', DROVER_UPSTREAM_URL: messages.url };
    const { model, factsOf, priceOf } = openModels(configured(env));
    expect(textOf(await model.sample({ ...ask('hi'), model: 'anything' }, createListener(), never()))).toBe('M');
    expect(messages.requests.at(-1)?.body.model).toBe('anything');
    expect([factsOf('anything').max_output_tokens, priceOf('anything')]).toEqual([32_000, undefined]);
  });
});
