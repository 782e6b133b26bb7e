import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { startUpstream, type Upstream } from '../../bench/upstream.js';
import { createBedrockModel } from '../../src/model/bedrock.js';
import type { Model, ModelOutcome } from '../../src/model/model.js';
import { createVertexModel } from '../../src/model/vertex.js';
import { type Cloud, startBedrock, startVertex, toFrame } from '../contracts/clouds.js';
import { ask, createListener, never } from '../contracts/model.js';

const KEYS = { id: 'AKIDTEST', secret: 'not-a-secret-0123', sessionToken: 'token-of-a-session' };
const VERTEX = { region: 'europe-west1', project: 'a-project' };

let upstream: Upstream;
let bedrock: Cloud;
let vertex: Cloud;
beforeAll(async () => {
  upstream = await startUpstream();
  bedrock = await startBedrock(upstream.url);
  vertex = await startVertex(upstream.url);
});
afterAll(async () => {
  await Promise.all([bedrock.close(), vertex.close()]);
  await upstream.close();
});

const OTHERS = {
  ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
  ANTHROPIC_BEDROCK_BASE_URL: 'http://127.0.0.1:1',
  ANTHROPIC_VERTEX_BASE_URL: 'http://127.0.0.1:1',
  ANTHROPIC_API_KEY: 'key-of-a-client',
  ANTHROPIC_AUTH_TOKEN: 'token-of-a-client',
  ANTHROPIC_CUSTOM_HEADERS: 'Authorization: Bearer key-of-a-client',
  AWS_BEARER_TOKEN_BEDROCK: 'key-of-a-client',
};

afterEach(() => {
  for (const name of Object.keys(OTHERS)) delete process.env[name];
  for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'AWS_EC2_METADATA_DISABLED', 'AWS_CONFIG_FILE'])
    delete process.env[name];
});

function sample(model: Model): Promise<ModelOutcome> {
  return model.sample(ask('hi'), createListener(), never());
}

describe('Bedrock', () => {
  it('is asked at its path, without model and stream in the body, signed with the keys', async () => {
    const model = createBedrockModel({ region: 'eu-central-1', keys: KEYS, baseURL: bedrock.url });
    const asked = { ...ask('hi'), model: 'eu.anthropic.claude-opus-5-5-v1:0' };
    expect(await model.sample(asked, createListener(), never())).toMatchObject({ type: 'reply' });
    const { path, headers, body } = bedrock.requests.at(-1) ?? {};
    expect(path).toBe('/model/eu.anthropic.claude-opus-5-5-v1:0/invoke-with-response-stream');
    expect(headers?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDTEST\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
    );
    expect(headers).toMatchObject({ 'x-amz-security-token': KEYS.sessionToken });
    expect(body).toMatchObject({ anthropic_version: expect.any(String), max_tokens: 1000 });
    expect(body).not.toHaveProperty('model');
    expect(body).not.toHaveProperty('stream');
  });

  it('P4: takes its own key, whatever the environment says', async () => {
    Object.assign(process.env, OTHERS);
    const model = createBedrockModel({ region: 'us-east-1', apiKey: 'bedrock-key-0123', baseURL: bedrock.url });
    expect(await sample(model)).toMatchObject({ type: 'reply' });
    expect(bedrock.requests.at(-1)?.headers.authorization).toBe('Bearer bedrock-key-0123');
    const signing = createBedrockModel({ region: 'us-east-1', keys: KEYS, baseURL: bedrock.url });
    expect(await sample(signing)).toMatchObject({ type: 'reply' });
    expect(bedrock.requests.at(-1)?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(JSON.stringify(bedrock.requests.slice(-2))).not.toContain('of-a-client');
  });

  const exceptions: [name: string, message: string, expected: object][] = [
    ['throttlingException', 'Too many tokens', { type: 'model_rate_limited_error', disposition: 'retry' }],
    ['internalServerException', 'Oh', { type: 'model_request_failed_error', disposition: 'retry' }],
    ['modelStreamErrorException', 'Oh', { type: 'model_request_failed_error', disposition: 'retry' }],
    ['serviceUnavailableException', 'Oh', { type: 'model_request_failed_error', disposition: 'retry' }],
    ['validationException', 'Bad', { type: 'model_request_failed_error', disposition: 'exhausted' }],
    ['validationException', 'Input is too long for requested model.', { disposition: 'exhausted', too_long: true }],
  ];
  it.each(exceptions)('an exception within the stream: %s (%s)', async (name, message, expected) => {
    const headers = { ':exception-type': name, ':content-type': 'application/json', ':message-type': 'exception' };
    const { url, server } = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
      response.end(toFrame(headers, JSON.stringify({ message })));
    });
    const outcome = await sample(createBedrockModel({ region: 'us-east-1', keys: KEYS, baseURL: url }));
    expect(outcome).toMatchObject({ type: 'failed', error: expected });
    server.close();
  });

  it('an error before it: its words are told, the secret is not', async () => {
    const { url, server } = await serving((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException' });
      response.end(JSON.stringify({ message: `You have no access with ${KEYS.secret}` }));
    });
    const outcome = await sample(createBedrockModel({ region: 'us-east-1', keys: KEYS, baseURL: url }));
    if (outcome.type !== 'failed') throw new Error(outcome.type);
    expect(outcome.error).toMatchObject({ type: 'model_request_failed_error', disposition: 'exhausted' });
    expect(outcome.error.message).toContain('You have no access with [key]');
    server.close();
  });
});

describe('Bedrock without keys', () => {
  it('asks AWS for credentials; having none fails as a request does', async () => {
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    process.env['AWS_CONFIG_FILE'] = '/nonexistent';
    const before = bedrock.requests.length;
    expect(await sample(createBedrockModel({ region: 'us-east-1', baseURL: bedrock.url }))).toMatchObject({
      type: 'failed',
      error: { disposition: 'retry', message: expect.stringMatching(/credentials/) },
    });
    expect(bedrock.requests).toHaveLength(before);
  });
});

describe('Vertex', () => {
  it('P4: is asked at its path with its token, whatever the environment says', async () => {
    Object.assign(process.env, OTHERS);
    const model = createVertexModel({ ...VERTEX, accessToken: 'ya29.test', baseURL: `${vertex.url}/v1` });
    const asked = { ...ask('hi'), model: 'claude-opus-5-5@20260901' };
    expect(await model.sample(asked, createListener(), never())).toMatchObject({ type: 'reply' });
    const { path, headers, body } = vertex.requests.at(-1) ?? {};
    expect(path).toBe(
      '/v1/projects/a-project/locations/europe-west1/publishers/anthropic/models/claude-opus-5-5@20260901:streamRawPredict',
    );
    expect(headers?.authorization).toBe('Bearer ya29.test');
    expect(body).toMatchObject({ anthropic_version: expect.any(String), stream: true });
    expect(body).not.toHaveProperty('model');
    expect(JSON.stringify(vertex.requests)).not.toContain('of-a-client');
  });

  it('without credentials fails as a request does, and is tried again', async () => {
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nonexistent/credentials.json';
    const model = createVertexModel({ ...VERTEX, baseURL: `${vertex.url}/v1` });
    const before = vertex.requests.length;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await sample(model)).toMatchObject({
        type: 'failed',
        error: {
          type: 'model_request_failed_error',
          disposition: 'retry',
          message: expect.stringMatching(/Google's credentials: .*ENOENT/),
        },
      });
    }
    expect(vertex.requests).toHaveLength(before);
  });
});

async function serving(answer: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address of this form.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
