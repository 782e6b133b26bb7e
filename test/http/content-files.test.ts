import { type Anthropic, BadRequestError } from '@anthropic-ai/sdk';
import { addOutput } from '../support/outputs.js';
import { startTestServer, type TestServer } from '../support/app.js';

type Block = Extract<
  Anthropic.Beta.Sessions.BetaManagedAgentsUserMessageEventParams['content'][number],
  { type: 'text' | 'image' | 'document' }
>;

let server: TestServer;
let client: Anthropic['beta'];
let parts: { agent: string; environment_id: string };
let session: string;
let call: string;
let skippedMs = 0;
beforeAll(async () => {
  server = await startTestServer({ now: () => Date.now() + skippedMs });
  client = server.client.beta;
  const agent = await client.agents.create({ name: 'a', model: 'm' });
  parts = { agent: agent.id, environment_id: (await client.environments.create({ name: 'e' })).id };
  session = (await client.sessions.create(parts)).id;
  call = server.session.emit(session, { type: 'agent.custom_tool_use', name: 'x', input: {} }).id;
});
afterAll(() => server.stop());

async function upload(type: string, content = 'x', expires_in_seconds?: number): Promise<string> {
  const file = new File([content], 'f', { type });
  return (await client.files.upload({ file, ...(expires_in_seconds !== undefined && { expires_in_seconds }) })).id;
}

const image = (file_id: string): Block => ({ type: 'image', source: { type: 'file', file_id } });
const document = (file_id: string): Block => ({ type: 'document', source: { type: 'file', file_id }, title: 'T' });

const say = (content: Block[]) => client.sessions.events.send(session, { events: [{ type: 'user.message', content }] });
const give = (content: Block[]) =>
  client.sessions.events.send(session, {
    events: [{ type: 'user.custom_tool_result', custom_tool_use_id: call, content }],
  });
const begin = (content: Block[]) =>
  client.sessions.create({ ...parts, initial_events: [{ type: 'user.message', content }] });

test.each([
  ['image/png', image],
  ['image/jpeg', image],
  ['image/gif', image],
  ['image/webp', image],
  ['application/pdf', document],
  ['text/plain', document],
  ['text/markdown', document],
  ['application/json', document],
  ['image/svg+xml', document],
])('a file of %s is taken in a block that says so, and echoed by its id', async (type, toBlock) => {
  const block = toBlock(await upload(type));
  expect((await say([block])).data?.[0]).toMatchObject({ content: [block] });
  expect((await give([block])).data?.[0]).toMatchObject({ content: [block] });
  const { id } = await begin([block]);
  expect((await client.sessions.events.list(id)).data[0]).toMatchObject({ content: [block] });
});

test('what a session has made can be shown to it, and to others', async () => {
  const made = await addOutput(server, session, 'plot.png', 'x');
  expect((await say([image(made.id)])).data).toHaveLength(1);
  expect((await begin([image(made.id)])).status).toBe('idle');
});

test.each<[string, () => Promise<Block>, RegExp]>([
  ['a file that is not there', async () => image('file_none'), /there is no file file_none/],
  ['a text as an image', async () => image(await upload('text/plain')), /an image is JPEG/],
  ['an image as a document', async () => document(await upload('image/png')), /a document is PDF or text/],
  ['an archive', async () => document(await upload('application/zip')), /a document is PDF or text/],
  ['an image of 6 MB', async () => image(await upload('image/png', 'x'.repeat(6 * 2 ** 20))), /more than 5 MB/],
])('%s is 400 wherever it is named, and queues nothing', async (_what, toBlock, pattern) => {
  const block = await toBlock();
  const before = (await client.sessions.events.list(session)).data.length;
  for (const [sender, where] of [
    [say, /events\.0\.content\.1\.source\.file_id: /],
    [give, /events\.0\.content\.1\.source\.file_id: /],
    [begin, /initial_events\.0\.content\.1\.source\.file_id: /],
  ] as const) {
    const error: unknown = await sender([{ type: 'text', text: 'look' }, block]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(String(error)).toMatch(pattern);
    expect(String(error)).toMatch(where);
  }
  expect((await client.sessions.events.list(session)).data).toHaveLength(before);
});

test('a file that has expired, or is another workspace’s, is 400', async () => {
  const brief = await upload('image/png', 'brief', 3_600);
  const foreign = await upload('image/png', 'foreign');
  await server.db.updateTable('files').set({ workspace: 'wrkspc_other' }).where('id', '=', foreign).execute();
  await expect(say([image(foreign)])).rejects.toThrow(/there is no file/);
  skippedMs = 3_700_000;
  await expect(say([image(brief)])).rejects.toThrow(/has expired/);
  skippedMs = 0;
});

test('files that are too much for one request are 400', async () => {
  const blocks = [
    document(await upload('text/plain', 'x'.repeat(2 ** 24))),
    document(await upload('text/plain', 'y'.repeat(2 ** 24))),
  ];
  expect((await say(blocks.slice(1))).data).toHaveLength(1);
  await expect(say(blocks)).rejects.toThrow(/content\.1\.source\.file_id: the files have more than 24 MB together/);
});

test('100 documents from files are taken in one request, 101 are not', async () => {
  const block = document(await upload('text/plain'));
  const many = (count: number) => Array.from({ length: count }, () => block);
  expect((await say(many(100))).data).toHaveLength(1);
  await expect(say(many(101))).rejects.toThrow(/content\.100\.source\.file_id: there are more than 100 documents/);
  await expect(begin(many(101))).rejects.toThrow(/initial_events\.0\.content\.100.*more than 100 documents/);
  const text = { type: 'text', text: 'x' } as const;
  expect((await say(Array.from({ length: 101 }, () => text))).data).toHaveLength(1);
});

test('a rubric that is deleted at the same moment is read whole, or is not there', async () => {
  for (let round = 0; round < 10; round += 1) {
    const file_id = await upload('text/plain', `It rhymes ${round} times.`);
    const rubric = { type: 'file' as const, file_id };
    const define = client.sessions.events.send(session, {
      events: [{ type: 'user.define_outcome', description: 'A poem', rubric }],
    });
    const [defined] = await Promise.allSettled([define, client.files.delete(file_id)]);
    const answer = defined.status === 'fulfilled' ? JSON.stringify(defined.value.data) : String(defined.reason);
    expect(answer).toMatch(
      new RegExp(`"It rhymes ${round} times\\."|400.*events\\.0\\.rubric\\.file_id: there is no file`),
    );
  }
  expect(server.reported).toEqual([]);
});
