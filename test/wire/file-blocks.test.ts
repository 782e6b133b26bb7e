import { randomBytes } from 'node:crypto';
import type { UpstreamRequest } from '../../bench/upstream.js';
import { call, customTool } from './answers.js';
import { startWire, type Wire } from './server.js';
import { only, openTalk, type Talk } from './session.js';

let wire: Wire;
beforeAll(async () => {
  // The upstream counts what images are on the wire.
  wire = await startWire({}, { window: 50_000_000 });
}, 300_000);
afterAll(() => wire.stop());

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(200_000)]);
const PDF = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(100_000)]);

async function upload(name: string, type: string, content: string | Buffer): Promise<string> {
  const bytes = typeof content === 'string' ? content : new Uint8Array(content);
  return (await wire.client.beta.files.upload({ file: new File([bytes], name, { type }) })).id;
}

const image = (file_id: string) => ({ type: 'image' as const, source: { type: 'file' as const, file_id } });
const document = (file_id: string) => ({ type: 'document' as const, source: { type: 'file' as const, file_id } });

/** What the model was last asked, without the marks of its cache. */
function asked({ model }: Talk): UpstreamRequest['body']['messages'] {
  const { messages } = wire.requestsOf(model).at(-1)?.body ?? { messages: [] };
  return JSON.parse(JSON.stringify(messages).replaceAll(',"cache_control":{"type":"ephemeral"}', ''));
}

test('the model is shown what is in the files, again and again the same; history names them only', async () => {
  const files = [
    await upload('dot.png', 'image/png', PNG),
    await upload('paper.pdf', 'application/pdf', PDF),
    await upload('notes.md', 'text/markdown', '# Größe\n'),
  ] as const;
  const talk = await openTalk(wire);
  const content = [
    { type: 'text' as const, text: 'look' },
    image(files[0]),
    { ...document(files[1]), title: 'A paper', context: 'read it' },
    document(files[2]),
  ];
  await talk.postUntilIdle({ type: 'user.message', content });
  const shown = [
    { type: 'text', text: 'look' },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') } },
    {
      type: 'document',
      title: 'A paper',
      context: 'read it',
      source: { type: 'base64', media_type: 'application/pdf', data: PDF.toString('base64') },
    },
    { type: 'document', title: 'notes.md', source: { type: 'text', media_type: 'text/plain', data: '# Größe\n' } },
  ];
  expect(asked(talk)[0]).toEqual({ role: 'user', content: shown });
  await talk.turn('and again');
  expect(asked(talk)[0]).toEqual({ role: 'user', content: shown });

  expect(only(await talk.list(), 'user.message')[0]?.content).toEqual(content);
  const { events } = await wire.temporal.workflow.getHandle(talk.id).fetchHistory();
  const size = JSON.stringify(events).length;
  expect(size).toBeLessThan(PNG.length);
});

test('of a file that is deleted later the model is told that it is gone', async () => {
  const file_id = await upload('dot.png', 'image/png', PNG);
  const talk = await openTalk(wire);
  await talk.postUntilIdle({ type: 'user.message', content: [image(file_id)] });
  await wire.client.beta.files.delete(file_id);
  await talk.turn('what was it?');
  expect(asked(talk)[0]).toEqual({
    role: 'user',
    content: [{ type: 'text', text: `[The file ${file_id} that was here is gone.]` }],
  });
});

test('what only says that it is an image or a text does not spoil the conversation', async () => {
  const talk = await openTalk(wire);
  const files = [
    await upload('a.png', 'image/png', 'no image'),
    await upload('b.txt', 'text/plain', Buffer.of(0xff, 0xfe)),
  ];
  const content = [image(files[0] ?? ''), document(files[1] ?? '')];
  await talk.postUntilIdle({ type: 'user.message', content });
  expect(asked(talk)[0]?.content).toEqual([
    { type: 'text', text: `[The file ${files[0]} that was here is no JPEG, PNG, GIF or WebP.]` },
    { type: 'text', text: expect.stringMatching(/b\.txt that was here is neither a PDF nor text/) },
  ]);
});

const largePng = (n: number) => Buffer.concat([PNG, Buffer.alloc(4 * 2 ** 20, n)]);

test('files that are too much for one request are summed up with what came before, and never sent together', async () => {
  const talk = await openTalk(wire);
  const turns = [1, 2];
  for (const turn of turns) {
    const files = await Promise.all([0, 1, 2].map((n) => upload('dot.png', 'image/png', largePng(3 * turn + n))));
    await talk.postUntilIdle({ type: 'user.message', content: files.map(image) });
  }
  const list = await talk.list();
  expect(only(list, 'agent.thread_context_compacted').length).toBeGreaterThan(0);
  expect(only(list, 'agent.message')).toHaveLength(turns.length);
  expect(only(list, 'session.error')).toEqual([]);
  const sizes = wire.requestsOf(talk.model).map(({ body }) => JSON.stringify(body).length);
  expect(Math.max(...sizes)).toBeLessThan(32 * 2 ** 20);
  expect(JSON.stringify(asked(talk))).toContain(largePng(8).toString('base64').slice(-1_000));
});

test('a tool’s result can be a file, too', async () => {
  const talk = await openTalk(wire, { tools: [customTool('camera')], replies: [{ blocks: [call('camera', {})] }] });
  const [use] = only(await talk.turn('take a picture'), 'agent.custom_tool_use');
  const file_id = await upload('dot.png', 'image/png', PNG);
  const custom_tool_use_id = use?.id ?? '';
  await talk.postUntilIdle({ type: 'user.custom_tool_result', custom_tool_use_id, content: [image(file_id)] });
  const result = asked(talk).at(-1)?.content;
  expect(result).toMatchObject([{ type: 'tool_result', content: [{ source: { media_type: 'image/png' } }] }]);
});
