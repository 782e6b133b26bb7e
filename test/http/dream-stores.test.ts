import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Anthropic } from '@anthropic-ai/sdk';
import { startTestServer, type TestServer } from '../support/app.js';
import { fillStore } from '../support/memory.js';

let server: TestServer;
let beta: Anthropic['beta'];
let store: string;
/** A dream that is to write into a copy of the store. */
let id: string;
beforeAll(async () => {
  server = await startTestServer();
  beta = server.client.beta;
});
beforeEach(async () => {
  const { id: agent } = await beta.agents.create({ name: 'a', model: 'm' });
  const { id: environment_id } = await beta.environments.create({ name: 'e' });
  const { id: session } = await beta.sessions.create({ agent, environment_id });
  store = (await beta.memoryStores.create({ name: 'Notes' })).id;
  await beta.memoryStores.memories.create(store, { path: '/a/b', content: 'one' });
  const inputs = [
    { type: 'memory_store' as const, memory_store_id: store },
    { type: 'sessions' as const, session_ids: [session] },
  ];
  ({ id } = await beta.dreams.create({ inputs, model: 'claude-opus-5-5' }));
});
afterAll(() => server.stop());

const steps = () => server.catalog.dreams.steps;

test('a copy whose dream never began is named, so that somebody can delete it', async () => {
  const { sessions } = server.session;
  const working = { ...sessions };
  sessions.start = () => Promise.reject(new Error('no answer'));
  await expect(steps().begin(id)).rejects.toThrow('no answer');
  Object.assign(sessions, working);
  const { outputs, session_id } = await beta.dreams.cancel(id);
  expect([outputs.length, session_id]).toEqual([1, null]);
  await steps().end(id, { timedOut: false });
  await beta.memoryStores.delete(outputs[0]?.memory_store_id ?? '');
});

test('once it is completed all that it wrote is in its store, and nobody keeps the transcripts', async () => {
  await steps().begin(id);
  const { session_id, outputs } = await beta.dreams.retrieve(id);
  const output = outputs[0]?.memory_store_id ?? '';
  const mounts = await server.mounts.prepare(session_id ?? '');
  const [memory, transcripts] = ['/mnt/memory/notes-dream-', '/mnt/transcripts'].map((at) => {
    return mounts.find((mount) => mount.at === at)?.from ?? '';
  });
  // As a process in the background does.
  writeFileSync(join(memory ?? '', 'late'), 'late');
  expect(existsSync(transcripts ?? '')).toBe(true);
  await steps().end(id, { timedOut: false });
  expect((await beta.memoryStores.memories.list(output)).data.map(({ path }) => path)).toEqual(['/a/b', '/late']);
  expect(existsSync(transcripts ?? '')).toBe(false);
});

test('a large store is copied whole, each memory with a version by the dream’s session', async () => {
  await fillStore(
    server.db,
    store,
    Array.from({ length: 120 }, (_, n) => `/more/${n}`),
  );
  await steps().begin(id);
  const { outputs, session_id } = await beta.dreams.retrieve(id);
  const output = outputs[0]?.memory_store_id ?? '';
  const contents = (from: string) => {
    const rows = server.db.selectFrom('memories').innerJoin('memory_versions as v', 'v.id', 'memory_version_id');
    const shown = rows.select([
      'memories.path',
      'v.content',
      'memories.content_sha256',
      'v.path as was',
      'v.operation',
    ]);
    return shown.where('memories.memory_store_id', '=', from).orderBy('memories.path').execute();
  };
  expect(await contents(output)).toEqual(await contents(store));
  const own = await beta.memoryStores.memoryVersions.list(output, { session_id: session_id ?? '', limit: 100 });
  expect([own.data.length, own.hasNextPage()]).toEqual([100, true]);
  const [item] = (await beta.memoryStores.memories.list(output)).data;
  if (item?.type !== 'memory') throw new Error('no memory');
  await beta.memoryStores.memories.update(item.id, { memory_store_id: output, content: 'changed' });
  expect((await beta.memoryStores.memoryVersions.list(output, { memory_id: item.id })).data).toHaveLength(2);
});
