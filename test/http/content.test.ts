import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';

type Block = Anthropic.Beta.Sessions.BetaManagedAgentsUserMessageEventParams['content'][number];

let server: TestServer;
let client: Anthropic;
let agent: string;
let environment_id: string;
let id: string;
let custom_tool_use_id: string;
beforeAll(async () => {
  server = await startTestServer();
  client = server.client;
  environment_id = (await client.beta.environments.create({ name: 'e' })).id;
  agent = (await client.beta.agents.create({ name: 'a', model: 'm' })).id;
  id = (await client.beta.sessions.create({ agent, environment_id })).id;
  custom_tool_use_id = server.session.emit(id, { type: 'agent.custom_tool_use', name: 'x', input: {} }).id;
});
afterAll(() => server.stop());

const say = (content: Block[]) => client.beta.sessions.events.send(id, { events: [{ type: 'user.message', content }] });
const give = (content: Block[]) =>
  // A result takes other blocks than a message does; what is sent here is for the server to judge.
  client.beta.sessions.events.send(id, {
    events: [{ type: 'user.custom_tool_result', custom_tool_use_id, content: content as never }],
  });
const begin = (content: Block[]) =>
  client.beta.sessions.create({ agent, environment_id, initial_events: [{ type: 'user.message', content }] });

const DATA = 'iVBORw0KGgo=';
const url = { type: 'url', url: 'https://example.com/a' } as const;
const png = { type: 'base64', media_type: 'image/png', data: DATA } as const;

const TAKEN: [string, Block][] = [
  ['text', { type: 'text', text: 'hi' }],
  ['an image by URL', { type: 'image', source: url }],
  ...['image/jpeg', 'image/png', 'image/gif', 'image/webp'].map((media_type): [string, Block] => [
    media_type,
    { type: 'image', source: { type: 'base64', media_type, data: DATA } },
  ]),
  ['a document by URL', { type: 'document', source: url, title: 'T', context: null }],
  ['a PDF', { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: DATA }, context: 'c' }],
  ['a plain text', { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' } }],
];

test.each(TAKEN)('%s is taken, and echoed as it was', async (_what, block) => {
  expect((await say([block])).data?.[0]).toMatchObject({ content: [block] });
  expect((await give([block])).data?.[0]).toMatchObject({ content: [block] });
  const { id: begun } = await begin([block]);
  expect((await client.beta.sessions.events.list(begun)).data[0]).toMatchObject({ content: [block] });
});

const image = (source: object): Block => ({ type: 'image', source: { ...png, ...source } });

const REFUSED: [string, object, RegExp][] = [
  ['a redacted block', { type: 'redacted' }, /content\.0\.type: must be one of text, image, document/],
  ['a block of no type', { text: 'x' }, /content\.0\.type: must be one of text, image, document/],
  ['no block', [], /content\.0/],
  ['an empty text', { type: 'text', text: '' }, /content\.0\.text: /],
  ['a text with more', { type: 'text', text: 'x', cache_control: null }, /content\.0: .*cache_control/],
  ['a source of another type', { type: 'image', source: { type: 'ftp' } }, /content\.0\.source\.type: /],
  [
    'a local URL',
    { type: 'image', source: { type: 'url', url: 'file:///etc/passwd' } },
    /source\.url: must be an http/,
  ],
  ['a base64 image that is a PDF', image({ media_type: 'application/pdf' }), /source\.media_type: /],
  ['no base64', image({ data: '?' }), /source\.data: must be base64/],
  ['base64 of nothing', image({ data: '' }), /source\.data: /],
  ['base64 without padding', image({ data: 'iVBORw0KGgo' }), /source\.data: must be base64/],
  ['base64 with spare bits', image({ data: 'iVBORw0KGgp=' }), /source\.data: must be base64/],
  ['base64 with line breaks', image({ data: 'iVBO\nRw0KGgo=' }), /source\.data: must be base64/],
  ['base64 for URLs', image({ data: '_-8=' }), /source\.data: must be base64/],
  [
    'a Word document',
    { type: 'document', source: { type: 'base64', media_type: 'application/msword', data: DATA } },
    /source\.media_type: .*application\/pdf/,
  ],
  [
    'a text of another type',
    { type: 'document', source: { type: 'text', media_type: 'text/html', data: 'x' } },
    /source\.media_type: .*text\/plain/,
  ],
];

test.each(REFUSED)('%s is 400 wherever content is sent', async (_what, block, pattern) => {
  for (const [sender, where] of [
    [say, /events\.0\.content\.0/],
    [give, /events\.0\.content\.0/],
    [begin, /initial_events\.0\.content\.0/],
  ] as const) {
    // Wrong on purpose.
    const error: unknown = await sender([block as Block]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(String(error)).toMatch(pattern);
    expect(String(error)).toMatch(where);
  }
});

test('a search result is a tool’s, not a user’s', async () => {
  const source = 'https://example.com';
  const block = { type: 'search_result', source, title: 't', content: [], citations: { enabled: false } } as never;
  expect((await give([block])).data).toHaveLength(1);
  await expect(say([block])).rejects.toThrow(/content\.0\.type: must be one of text, image, document/);
  await expect(give([{ ...(block as object), citations: {} } as never])).rejects.toThrow(/citations\.enabled: /);
});

test('20 MB of base64 are looked at without trouble', async () => {
  const data = 'A'.repeat(20 * 1024 * 1024);
  const { data: echoes } = await say([{ type: 'image', source: { ...png, data } }]);
  expect(echoes).toHaveLength(1);
  await expect(say([{ type: 'image', source: { ...png, data: `${data}?` } }])).rejects.toThrow(/source\.data: /);
});
