import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UpstreamReply } from '../../bench/upstream-reply.js';
import { DIALECTS } from '../contracts/chat-dialects.js';
import { type ChatUpstream, startChatUpstream } from '../contracts/chat-upstream.js';
import { startWire, type Wire } from './server.js';
import { only, openTalk, textOf } from './session.js';

let chat: ChatUpstream;
let directory: string;
let wire: Wire;
beforeAll(async () => {
  chat = await startChatUpstream(DIALECTS['llama.cpp']);
  directory = mkdtempSync(join(tmpdir(), 'drover-models-'));
  const file = join(directory, 'models.json');
  writeFileSync(
    file,
    JSON.stringify({
      backends: { local: { type: 'openai', base_url: chat.url } },
      models: { local: { backend: 'local', upstream_model: 'qwen3:8b', context_window: 16_000 } },
    }),
  );
  wire = await startWire({ DROVER_MODEL: 'auto', DROVER_MODELS: file });
}, 300_000);
afterAll(async () => {
  await wire.stop();
  await chat.close();
  rmSync(directory, { recursive: true });
});

const bash = (command: string) => ({ type: 'tool_use', name: 'bash', input: { command } }) as const;

test('a session over chat completions: calls side by side, their results, and a turn after it', async () => {
  const talk = await openTalk(wire, { model: 'local', tools: true });
  const replies: UpstreamReply[] = [
    { blocks: [{ type: 'text', text: 'I run both.' }, bash('echo $((6 * 7))'), bash('echo oops >&2; exit 3')] },
    {
      blocks: [{ type: 'text', text: 'The answer is 42.' }],
      usage: { input_tokens: 900, cache_read_input_tokens: 100 },
    },
  ];
  const events = await talk.turn(JSON.stringify(replies));
  expect(only(events, 'agent.tool_use').map(({ name }) => name)).toEqual(['bash', 'bash']);
  const results = only(events, 'agent.tool_result').map(textOf).toSorted();
  expect(results).toEqual([expect.stringContaining('42'), expect.stringContaining('oops')]);
  expect(only(events, 'agent.message').map(textOf)).toEqual(['I run both.', 'The answer is 42.']);
  expect(only(events, 'span.model_request_end').at(-1)?.model_usage).toMatchObject({
    input_tokens: 900,
    cache_read_input_tokens: 100,
  });
  await talk.turn(JSON.stringify({}));
  // The mock takes only requests whose calls all have their results; none was refused.
  expect(JSON.parse(chat.requests.at(-1)?.raw ?? '')).toMatchObject({ model: 'qwen3:8b' });
  expect(only(await talk.list(), 'session.error')).toEqual([]);
});

test('a model without an entry ends the turn with an error that names those there are', async () => {
  const talk = await openTalk(wire, { model: 'claude-opus-5-5' });
  const [error] = only(await talk.turn('hi'), 'session.error');
  expect(error?.error).toMatchObject({
    type: 'model_request_failed_error',
    message: expect.stringContaining('These are configured: local.'),
    retry_status: { type: 'exhausted' },
  });
});

test('the list of models is what the file names', async () => {
  const { data } = await wire.client.beta.models.list();
  expect(data).toMatchObject([{ id: 'local', max_input_tokens: 16_000, max_tokens: 4_000 }]);
});
