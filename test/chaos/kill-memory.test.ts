import { type Drover, startDrover } from '../support/drover-process.js';
import { makeParts, messageOf, sessionOf, waitUntil } from './chaos-session.js';
import { checkList } from './log-checks.js';

let drover: Drover;
beforeAll(async () => {
  drover = await startDrover();
});
afterAll(() => drover.remove());

test('drover killed between a write to a memory store and its version: the version is there when the command is done', async () => {
  const { client } = drover;
  const { id: store } = await client.beta.memoryStores.create({ name: 'Notes', description: 'What was learnt.' });
  await client.beta.memoryStores.memories.create(store, { path: '/old', content: 'old\n' });
  const script = 'cat /mnt/memory/notes/old; echo kept >/mnt/memory/notes/new; echo run >>runs; sleep 2; echo done';
  const { id } = await client.beta.sessions.create({
    ...(await makeParts(client)),
    resources: [{ type: 'memory_store', memory_store_id: store }],
    initial_events: [messageOf(`/bash ${script}`)],
  });
  const session = sessionOf(drover, id);
  await waitUntil(() => session.file('runs') !== '', 'the command has written');
  const before = await client.beta.memoryStores.memories.list(store);
  expect(before.data).toHaveLength(1);
  await drover.kill();
  await drover.start();
  checkList(await session.untilIdle());
  expect(session.file('runs')).toBe('run\n');
  const versions = await drover.client.beta.memoryStores.memoryVersions.list(store, { view: 'full', session_id: id });
  expect(versions.data).toMatchObject([
    { operation: 'created', path: '/new', content: 'kept\n', created_by: { type: 'session_actor', session_id: id } },
  ]);
});

test('a second session reads what the first has written; deleting both leaves the store', async () => {
  const { beta } = drover.client;
  const { id: store } = await beta.memoryStores.create({ name: 'Shared' });
  const open = async (script: string) => {
    const { id } = await beta.sessions.create({
      ...(await makeParts(drover.client)),
      resources: [{ type: 'memory_store', memory_store_id: store }],
      initial_events: [messageOf(`/bash ${script}`)],
    });
    const session = sessionOf(drover, id);
    return { id, list: await session.untilIdle() };
  };
  const one = await open('mkdir /mnt/memory/shared/d; echo hello >/mnt/memory/shared/d/a');
  const two = await open('cat /mnt/memory/shared/d/a');
  expect(JSON.stringify(two.list)).toContain('hello');
  for (const { id } of [one, two]) await beta.sessions.delete(id);
  const { data } = await beta.memoryStores.memories.list(store, { view: 'full' });
  expect(data).toMatchObject([{ path: '/d/a', content: 'hello\n' }]);
});
