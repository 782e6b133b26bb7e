import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Drover, sandboxesOf, startDrover } from '../support/drover-process.js';
import { untilThere } from '../support/sandbox-files.js';
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
  const write = 'cat /mnt/memory/notes/old; echo kept >/mnt/memory/notes/new; echo run >>runs';
  const { id } = await client.beta.sessions.create({
    ...(await makeParts(client)),
    resources: [{ type: 'memory_store', memory_store_id: store }],
    initial_events: [messageOf(`/bash ${write}; ${untilThere('go')}; echo done`)],
  });
  const session = sessionOf(drover, id);
  await waitUntil(() => session.file('runs') !== '', 'the command has written');
  const before = await client.beta.memoryStores.memories.list(store);
  expect(before.data).toHaveLength(1);
  await drover.kill();
  await drover.start();
  session.put('go');
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

/** Writes a file for each name that it reads, for as long as its sandbox lives. */
const WRITER =
  '[ -p go ] || mkfifo go; (while read name; do echo $name >/mnt/memory/notes/$name; done) <>go >/dev/null 2>&1 & echo on';

test('what a process in the background writes is taken in at rest, when the server stops, and when its session is archived or deleted', async () => {
  const { id: store } = await drover.client.beta.memoryStores.create({ name: 'Notes' });
  const open = async () => {
    const { id } = await drover.client.beta.sessions.create({
      ...(await makeParts(drover.client)),
      resources: [{ type: 'memory_store', memory_store_id: store }],
      initial_events: [messageOf(`/bash ${WRITER}`)],
    });
    const session = sessionOf(drover, id);
    await session.untilIdle();
    return session;
  };
  const write = async ({ id, workspace }: { id: string; workspace: string }, name: string) => {
    await writeFile(join(workspace, 'go'), `${name}\n`, { flag: 'a' });
    const file = join(drover.dataDir, 'mounts', id, 'memory/stores', store, name);
    await waitUntil(() => existsSync(file), `${name} is written`);
  };
  const names = async () => {
    const { data } = await drover.client.beta.memoryStores.memories.list(store);
    return data.map(({ path }) => path.slice(1));
  };
  const running = async () => {
    const sandboxes = sandboxesOf(drover.dataDir);
    const keys = [];
    for await (const { key, running } of sandboxes.list()) if (running) keys.push(key);
    await sandboxes.close();
    return keys;
  };
  const one = await open();
  await write(one, '1-at-rest');
  await one.send('/say hello');
  await one.untilIdle(2);
  await waitUntil(async () => (await names()).length === 1, 'it is taken in');
  await write(one, '2-stopped');
  await drover.stop();
  await drover.start();
  expect(await names()).toEqual(['1-at-rest', '2-stopped']);
  await one.send(`/bash ${WRITER}`);
  await one.untilIdle(3);
  await write(one, '3-archived');
  await drover.client.beta.sessions.archive(one.id);
  expect(await names()).toEqual(['1-at-rest', '2-stopped', '3-archived']);
  expect(await running()).toEqual([]);
  const two = await open();
  await write(two, '4-deleted');
  await drover.client.beta.sessions.delete(two.id);
  expect(await names()).toEqual(['1-at-rest', '2-stopped', '3-archived', '4-deleted']);
});
