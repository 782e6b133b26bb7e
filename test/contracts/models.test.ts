import { startUpstream, type Upstream } from '../../bench/upstream.js';
import type { UpstreamBlock, UpstreamReply } from '../../bench/upstream-reply.js';
import { createAnthropicModel } from '../../src/model/anthropic.js';
import { createBedrockModel } from '../../src/model/bedrock.js';
import type { Model } from '../../src/model/model.js';
import { createOpenAIModel } from '../../src/model/openai.js';
import { createScriptedModel } from '../../src/model/scripted.js';
import { createVertexModel } from '../../src/model/vertex.js';
import { DIALECTS } from './chat-dialects.js';
import { startChatUpstream } from './chat-upstream.js';
import { type Cloud, startBedrock, startVertex } from './clouds.js';
import { describeModel, type ModelHarness } from './model.js';

const TOO_LONG: UpstreamReply = {
  error: { status: 400, type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
};

/** The user's text is the reply that is wanted. */
const toGive = (reply: UpstreamReply): string => JSON.stringify(reply);

function startReplying(): Promise<Upstream> {
  return startUpstream({ answer: ({ text }) => JSON.parse(text) as UpstreamReply });
}

function seenBy({ requests }: Upstream): ReturnType<ModelHarness['seen']> {
  return requests.map(({ body, aborted = false }) => ({ raw: JSON.stringify(body), aborted }));
}

describeModel('anthropic', async () => {
  const upstream = await startReplying();
  return {
    model: createAnthropicModel({ apiKey: 'sk-ant-test-0123456789', baseURL: upstream.url }),
    toGive,
    tooLong: TOO_LONG,
    seen: () => seenBy(upstream),
    close: () => upstream.close(),
  };
});

/** A cloud before a Messages API. */
async function behind(
  startCloud: (url: string) => Promise<Cloud>,
  create: (url: string) => Model,
  tooLong: UpstreamReply,
): Promise<ModelHarness> {
  const upstream = await startReplying();
  const cloud = await startCloud(upstream.url);
  return {
    model: create(cloud.url),
    toGive,
    tooLong,
    seen: () => seenBy(upstream),
    close: async () => {
      await cloud.close();
      await upstream.close();
    },
  };
}

const AWS_TOO_LONG: UpstreamReply = { error: { status: 400, message: 'Input is too long for requested model.' } };
const KEYS = { id: 'AKIDTEST', secret: 'not-a-secret' };

describeModel('bedrock', () =>
  behind(startBedrock, (baseURL) => createBedrockModel({ region: 'us-east-1', keys: KEYS, baseURL }), AWS_TOO_LONG),
);

const VERTEX = { region: 'europe-west1', project: 'a-project', accessToken: 'ya29.test' };

describeModel('vertex', () =>
  behind(startVertex, (url) => createVertexModel({ ...VERTEX, baseURL: `${url}/v1` }), TOO_LONG),
);

describe.each(Object.entries(DIALECTS))('chat completions as %s speaks it', (name, dialect) => {
  describeModel(
    name,
    async () => {
      const upstream = await startChatUpstream(dialect);
      return {
        model: createOpenAIModel({ baseURL: upstream.url }),
        toGive,
        tooLong: { error: dialect.tooLong },
        seen: () => upstream.requests,
        close: () => upstream.close(),
      };
    },
    { keepsThinking: false, countsTokens: dialect.counts },
  );
});

describeModel(
  'scripted',
  async () => ({
    model: createScriptedModel(),
    toGive: toScript,
    tooLong: {},
    seen: () => [],
    close: () => Promise.resolve(),
  }),
  { hasUpstream: false },
);

/** The reply in the scripted model's language. */
function toScript({ blocks = [], stop_reason, error, tokenMs }: UpstreamReply): string {
  if (error) return `/fail ${error.status}`;
  const calls = blocks.flatMap((block) =>
    block.type === 'tool_use' ? [{ name: block.name, input: block.input }] : [],
  );
  return [
    ...blocks.map((block) => toLine(block, tokenMs)),
    ...(calls.length > 0 ? [`/parallel ${JSON.stringify(calls)}`] : []),
    ...(stop_reason ? [`/stop ${stop_reason}`] : []),
  ].join('\n');
}

function toLine(block: UpstreamBlock, tokenMs = 0): string {
  if (block.type === 'thinking') return `/think ${block.thinking}`;
  if (block.type !== 'text') return '';
  return tokenMs > 0 ? `/slow ${block.text.split(' ').length} ${tokenMs}` : `/say ${block.text}`;
}
